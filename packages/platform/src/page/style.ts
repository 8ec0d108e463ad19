/** A report's own style: light and dark as the reader's system has it, on paper always light. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fafaf9; --panel: #fff; --raised: #f0f0ed; --line: #e3e3df; --text: #1d1d1b; --muted: #62625c;
  --s0: #3451c6; --s1: #c2701a; --good: #22753a; --bad: #b42525; --good-rgb: 34 117 58; --bad-rgb: 180 37 37; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #161615; --panel: #1d1d1c; --raised: #2b2b29; --line: #343431; --text: #ececea; --muted: #a5a59d;
    --s0: #93a8ff; --s1: #e2a558; --good: #6cc784; --bad: #f08a8a; --good-rgb: 108 199 132; --bad-rgb: 240 138 138; }
}
@media print { :root { color-scheme: light; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 13px/1.5 "Inter Variable", Inter, system-ui, -apple-system, "Segoe UI", sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { margin: 0; font-size: 22px; font-weight: 600; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 34px 0 4px; font-size: 15px; font-weight: 600; }
h3 { margin: 0; font-size: 13px; font-weight: 600; }
p { margin: 0; }
.lead, .note, figcaption span, .what { color: var(--muted); }
.lead { max-width: 760px; margin-bottom: 12px; }
.note { padding: 10px 2px 2px; }
.tags { display: inline-flex; flex-wrap: wrap; gap: 6px; vertical-align: 3px; margin-left: 10px; }
.tag { padding: 1px 8px; border: 1px solid var(--line); border-radius: 10px; background: var(--panel); font-size: 12px; font-weight: 400; letter-spacing: 0; }
.tag.good { color: var(--good); border-color: currentColor; }
.tag.bad { color: var(--bad); border-color: currentColor; }
.verdict { display: grid; grid-template-columns: minmax(200px, 1fr) minmax(280px, 2fr); gap: 24px; align-items: center; margin-top: 18px; padding: 18px 20px; border: 1px solid var(--line); border-radius: 10px; background: var(--panel); }
.verdict .value { font-size: 40px; font-weight: 600; line-height: 1.1; letter-spacing: -0.02em; }
.beside { display: grid; grid-template-columns: max-content 1fr max-content; gap: 8px 12px; align-items: center; }
.beside .own { font-weight: 600; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(350px, 100%), 1fr)); gap: 14px; }
figure { margin: 0; padding: 12px 14px 10px; border: 1px solid var(--line); border-radius: 10px; background: var(--panel); min-width: 0; break-inside: avoid; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 10px; margin-bottom: 4px; }
figure > svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--muted); font-size: 11px; }
svg text.name { fill: var(--text); }
.grid, .axis, .tick { fill: none; stroke: var(--line); }
.axis, .tick { stroke: var(--muted); stroke-opacity: 0.6; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.line.s0 { stroke: var(--s0); } .line.s1 { stroke: var(--s1); }
.fill.s0 { fill: var(--s0); } .fill.s1 { fill: var(--s1); }
.bar { fill-opacity: 0.62; }
.ideal { fill: none; stroke: var(--muted); stroke-dasharray: 4 4; stroke-opacity: 0.8; }
.mark { fill: var(--panel); stroke: var(--s0); stroke-width: 2.5; }
.wide { overflow-x: auto; }
section > .wide { border: 1px solid var(--line); border-radius: 10px; background: var(--panel); }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 6px 14px; border-bottom: 1px solid var(--line); text-align: left; font-weight: 400; white-space: nowrap; vertical-align: middle; }
tbody th { font-weight: 400; }
thead th { color: var(--muted); font-size: 12px; }
tbody tr:last-child > * { border-bottom: 0; }
.number { text-align: right; }
.code { font: 12px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; white-space: normal; }
.share { display: block; width: 100%; min-width: 90px; height: 8px; }
.share { border-radius: 3px; } .share .ground { fill: var(--raised); } .fill.other { fill: var(--muted); fill-opacity: 0.55; }
.good { color: var(--good); } .bad { color: var(--bad); }
figure .wide th, figure .wide td { padding: 5px 7px; }
.confusion { margin-top: 14px; table-layout: fixed; }
.confusion th, .confusion td { padding: 10px 8px; text-align: center; border: 0; white-space: normal; }
.confusion tbody th { text-align: left; color: var(--muted); }
.confusion td { border: 3px solid var(--panel); border-radius: 8px; }
.confusion b { display: block; font-size: 17px; font-weight: 600; }
.confusion td.right { background: rgb(var(--good-rgb) / 14%); }
.confusion td.wrong { background: rgb(var(--bad-rgb) / 12%); }
.heat th, .heat td { padding: 5px 8px; text-align: center; }
.heat tbody th { text-align: right; }
${Array.from({ length: 10 }, (_, step) => `.heat .right.h${step + 1} { background: rgb(var(--good-rgb) / ${4 * (step + 1)}%); } .heat .wrong.h${step + 1} { background: rgb(var(--bad-rgb) / ${5 * (step + 1)}%); }`).join("\n")}
.runs { display: block; height: 16px; } .runs .good { fill: var(--good); } .runs .warn { fill: var(--s1); } .runs .bad { fill: var(--bad); }
.warn { color: var(--s1); }
.facts { columns: 320px; column-gap: 32px; margin: 0; padding: 12px 16px; border: 1px solid var(--line); border-radius: 10px; background: var(--panel); }
.facts div { display: flex; justify-content: space-between; gap: 14px; padding: 2px 0; break-inside: avoid; }
.facts dt { color: var(--muted); white-space: nowrap; }
.facts dd { margin: 0; text-align: right; }
footer { margin-top: 40px; color: var(--muted); }
@media (max-width: 640px) { .verdict { grid-template-columns: 1fr; } main { padding: 18px 12px 40px; } .beside { grid-template-columns: 1fr max-content; grid-auto-flow: dense; } .beside .share { grid-column: 1 / -1; } }
`;
