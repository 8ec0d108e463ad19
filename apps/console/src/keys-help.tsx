import { Sheet } from "./parts/sheet.tsx";

const KEYS = [
  ["Ctrl K", "find a step, a table, a model or a page"],
  ["/", "filter the steps of the road"],
  ["?", "show these keys"],
  ["Tab, Enter", "walk through the steps of the road and open one"],
  ["Esc", "close what is open"],
  ["Ctrl Enter", "run the SQL that is being written"],
] as const;

export function KeysHelp({ onClose }: { readonly onClose: () => void }) {
  return (
    <Sheet label="Keys" onClose={onClose}>
      <div className="panel" style={{ border: 0 }}>
        <header>
          <h2>Keys</h2>
        </header>
        <dl className="body facts" style={{ margin: 0 }}>
          {KEYS.map(([key, meaning]) => (
            <div key={key} style={{ display: "contents" }}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </div>
    </Sheet>
  );
}
