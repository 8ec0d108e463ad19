import fc from "fast-check";
import { literalOf, VALUES, type Row } from "./random-tables.ts";

type Name = keyof Row;
/** A condition on the columns of a table that is called so in the statement. */
type Filter = (alias: string) => string;

const NAMES = Object.keys(VALUES) as Name[];
const column = fc.constantFrom(...NAMES);
const operator = fc.constantFrom("=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from");

const constantFor = (name: Name): fc.Arbitrary<string> => {
  const own = fc.constantFrom<Row[Name]>(...VALUES[name], null).map((value) => literalOf(name, value));
  const further: Partial<Record<Name, readonly string[]>> = {
    i: ["1.5", "-0.5", "2147483648", "1e0", "99999999999999999999"],
    l: ["2.5", "9007199254740992", "9.007199254740993e15", "'7'"],
    d: ["0.1", "1", "1.50", "3::DECIMAL(5,3)", "'nan'::double"],
    s: ["'abcdefghijklmnopq'", "'a' || 'b'", "lower('Z')"],
    t: [
      "'1970-01-01'",
      "date '2024-01-01'",
      "timestamp '1970-01-02 00:00:01'",
      "date '1970-02-01' - interval 1 day",
      "current_date",
    ],
    ts: [
      "'1970-01-01'",
      "date '1970-01-02'",
      "timestamp '1970-01-01 01:00:00'",
      "now()::timestamp - interval 3 hour",
      "timestamptz '1970-01-01 01:00:00+00'",
    ],
    c: ["1", "0.995", "2.5", "1e0", "-1.5"],
  };
  const more = further[name];
  return more === undefined ? own : fc.oneof(own, fc.constantFrom(...more));
};

const compared: fc.Arbitrary<Filter> = column.chain((name) =>
  fc.tuple(operator, constantFor(name), fc.boolean()).map(
    ([sign, constant, isTurned]) =>
      (alias) =>
        isTurned && !sign.startsWith("is")
          ? `${constant} ${sign} ${alias}.${name}`
          : `${alias}.${name} ${sign} ${constant}`,
  ),
);

const listed: fc.Arbitrary<Filter> = column.chain((name) =>
  fc.tuple(fc.constantFrom("in", "not in"), fc.array(constantFor(name), { minLength: 1, maxLength: 3 })).map(
    ([word, list]) =>
      (alias) =>
        `${alias}.${name} ${word} (${list.join(", ")})`,
  ),
);

const ranged: fc.Arbitrary<Filter> = column.chain((name) =>
  fc.tuple(fc.constantFrom("between", "not between"), constantFor(name), constantFor(name)).map(
    ([word, low, high]) =>
      (alias) =>
        `${alias}.${name} ${word} ${low} and ${high}`,
  ),
);

const others: fc.Arbitrary<Filter> = fc.constantFrom<Filter>(
  (t) => `${t}.s like 'ab%'`,
  (t) => `${t}.s not like 'a%'`,
  (t) => `${t}.s like 'a%c%'`,
  (t) => `${t}.s not like 'a%z'`,
  (t) => `${t}.s like '%'`,
  (t) => `${t}.s ilike 'AB%'`,
  (t) => `starts_with(${t}.s, 'é')`,
  (t) => `${t}.s ^@ '😀'`,
  (t) => `${t}.b`,
  (t) => `not ${t}.b`,
  (t) => `${t}.b = true`,
  (t) => `${t}.i is null`,
  (t) => `${t}.s is not null`,
  (t) => `${t}.d is null`,
  (t) => `${t}.ts::date = date '1970-01-01'`,
  (t) => `cast(${t}.ts as date) > '1969-12-31'`,
  (t) => `date_trunc('month', ${t}.ts) = timestamp '2024-01-01'`,
  (t) => `date_trunc('hour', ${t}.ts) < timestamp '1970-01-01 01:00:00'`,
  (t) => `year(${t}.t) < 1970`,
  (t) => `year(${t}.ts) = 2024`,
  (t) => `${t}.i::double > 1.5`,
  (t) => `${t}.c::double = 1`,
  (t) => `${t}.t::timestamp <= timestamp '1970-01-31 00:00:00'`,
  (t) => `${t}.i + 1 > 3`,
  (t) => `${t}.i = ${t}.c`,
  (t) => `coalesce(${t}.i, 1) = 1`,
  (t) => `${t}.s > 'b' collate nocase`,
  () => "false",
);

const leaf: fc.Arbitrary<Filter> = fc.oneof(
  { arbitrary: compared, weight: 4 },
  { arbitrary: listed, weight: 1 },
  { arbitrary: ranged, weight: 1 },
  { arbitrary: others, weight: 3 },
);

export const filterOf: fc.Arbitrary<Filter> = fc.letrec<{ any: Filter }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2, depthIdentifier: "filter" },
    leaf,
    fc.tuple(tie("any"), tie("any")).map(
      ([one, other]) =>
        (t: string) =>
          `(${one(t)} and ${other(t)})`,
    ),
    fc.tuple(tie("any"), tie("any")).map(
      ([one, other]) =>
        (t: string) =>
          `(${one(t)} or ${other(t)})`,
    ),
    tie("any").map((one) => (t: string) => `not (${one(t)})`),
  ),
})).any;

/** Statements with a condition or two in the places where one can be, whose rows have an order. */
export function statementOf(filter: fc.Arbitrary<Filter>): fc.Arbitrary<string> {
  return fc.tuple(filter, filter, fc.constantFrom(...SHAPES)).map(([one, other, shape]) => shape(one, other));
}

type Shape = (one: Filter, other: Filter) => string;

const SHAPES: readonly Shape[] = [
  (f) => `select id from t where ${f("t")} order by id`,
  (f) => `select x.id from "main"."T" x where ${f("x")} order by 1`,
  (f, g) => `with q as (select * from t where ${f("t")}) select id from q as z where ${g("z")} order by id`,
  (f, g) =>
    `with q as (select * from t) select a.id, b.id from (select * from q where ${f("q")}) a join q b on a.i = b.i and ${g("b")} order by 1, 2`,
  (f) => `select id from v where ${f("v")} order by id`,
  (f, g) => `select a.id, b.id from t a left join t b on a.i = b.i and ${f("b")} where ${g("a")} order by 1, 2`,
  (f) => `select a.id, b.id from t a left join v b on a.i = b.i where ${f("b")} order by 1, 2`,
  (f, g) => `select a.id, b.id from t a full join t b on a.id = b.id + 1 and ${f("a")} where ${g("b")} order by 1, 2`,
  (f, g) => `select a.id, b.id from t a right join t b on a.id = b.id and ${f("a")} and ${g("b")} order by 1, 2`,
  (f, g) =>
    `select id from t a where exists (select 1 from t b where b.i = a.i and ${f("b")}) and ${g("a")} order by 1`,
  (f) => `select id from t a where id not in (select b.id from t b where ${f("b")}) order by 1`,
  (f) => `select id from (select * from t order by id limit 7) z where ${f("z")} order by id`,
  (f) => `select id, rn from (select *, row_number() over (order by id) as rn from t) z where ${f("z")} order by id`,
  (f) =>
    `select s, i, n from (select s, i, l, d, t, ts, b, c, count(*) as n from t group by all) z where ${f("z")} order by all`,
  (f) => `select * from (select distinct i, l, d, s, t, ts, b, c from t) z where ${f("z")} order by all`,
  (f, g) => `select id from (select * from t where ${f("t")} union all select * from t) z where ${g("z")} order by id`,
  (f) => `select a.id from t a semi join t b on a.id = b.id and ${f("b")} order by 1`,
  (f, g) => `select a.id from t a anti join t b on a.id = b.id and ${f("b")} where ${g("a")} order by 1`,
  (f) => `select id, b.i from t a join t b using (id) where ${f("a")} order by 1`,
  (f) => `select (select count(*) from t where ${f("t")}) as n`,
  (f) => `select sum(i) over (order by id) as total from t where ${f("t")} order by id`,
  (f) => `select distinct on (i) i, id from t x where ${f("x")} order by i, id`,
  (f) => `select id from (select i as l, l as i, d, s, t, ts, b, c, id from t) z where ${f("z")} order by id`,
  (f) => `select a.id, b.id from t a asof join t b on a.id >= b.id where ${f("b")} order by 1, 2`,
  (f) =>
    `with recursive r as (select id, 0 as n from t where ${f("t")} union all select r.id, n + 1 from r join t on t.id = r.id where n < 1) select * from r order by all`,
];
