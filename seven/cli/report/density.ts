/**
 * How much of each matrix is left: layers by matrices as a heat map, other tensors as a table.
 *
 * @module
 */
import { levelOf } from "./colors.ts";
import type { ReportData, TensorDensity } from "./data.ts";
import { type Content, type Html, markup, shorten } from "./html.ts";
import { layerNames, matrices, type Matrix, type Place, placeOf } from "./layers.ts";
import { shareText, whole } from "./numbers.ts";
import { and, section, table } from "./parts.ts";

/** Tensors outside the layers that are listed. */
const MOST_OTHERS = 200;

type Amount = Pick<TensorDensity, "kept" | "size">;

/** A row of the heat map. */
interface Row {
  readonly name: string;
  readonly cells: Map<Matrix, Amount>;
}

/** The section; nothing where there are no prunable tensors. */
export function densitySection({ densities }: ReportData): Html | undefined {
  const known = densities.filter(({ size }) => size > 0);
  if (known.length === 0) return undefined;
  const { rows, others } = arranged(known);
  return section(
    "What is left of each matrix",
    rows.length > 0 && heatMap(rows),
    others.length > 0 && othersTable(others, rows.length > 0),
  );
}

/** Puts tensors into rows of layers, each cell once; what has no place or comes second is left over. */
function arranged(tensors: readonly TensorDensity[]): { rows: Row[]; others: TensorDensity[] } {
  const places = new Map<TensorDensity, Place>();
  for (const tensor of tensors) {
    const place = placeOf(tensor.name);
    if (place?.matrix) places.set(tensor, place);
  }
  const nameOf = layerNames([...places.values()]);
  const rows = new Map<string, Row & { readonly place: Place }>();
  const others: TensorDensity[] = [];
  for (const tensor of tensors) {
    const place = places.get(tensor);
    if (!place?.matrix) {
      others.push(tensor);
      continue;
    }
    const key = JSON.stringify([place.stack, place.layer]);
    const row = rows.get(key) ?? { name: nameOf(place), cells: new Map<Matrix, Amount>(), place };
    rows.set(key, row);
    if (row.cells.has(place.matrix)) others.push(tensor);
    else row.cells.set(place.matrix, tensor);
  }
  const order = [...new Set([...rows.values()].map(({ place }) => place.stack))];
  const sorted = [...rows.values()].sort((a, b) =>
    order.indexOf(a.place.stack) - order.indexOf(b.place.stack) || a.place.layer - b.place.layer
  );
  return { rows: sorted, others };
}

function heatMap(rows: readonly Row[]): Html {
  const columns = matrices.filter((matrix) => rows.some(({ cells }) => cells.has(matrix)));
  const greatest = Math.max(...rows.flatMap(({ cells }) => [...cells.values()].map(densityOf)));
  const cell = (amount: Amount | undefined): Content => {
    if (!amount) return markup`<td class="faint">–</td>`;
    const density = densityOf(amount);
    return markup`<td class="h${levelOf(density / greatest)}">${(100 * density).toFixed(1)}</td>`;
  };
  const line = (name: string, cells: readonly (Amount | undefined)[]): Html =>
    markup`<tr><th scope="row">${shorten(name, 60)}</th>${cells.map(cell)}</tr>\n`;
  const sums = columns.map((matrix) => total(rows.flatMap(({ cells }) => cells.get(matrix) ?? [])));
  const head = ["", ...columns, "all"].map((name) => markup`<th scope="col">${name}</th>`);
  const body = rows.map(({ name, cells }) =>
    line(name, [...columns.map((matrix) => cells.get(matrix)), total([...cells.values()])])
  );
  return markup`<figure><div class="scroll" tabindex="0" role="region" aria-label="Density of all matrices">
<table class="heat"><thead><tr>${head}</tr></thead>
<tbody>${body}${line("all", [...sums, total(sums)])}</tbody></table></div>
<figcaption>Density in percent, the share of weights that are kept: rows are layers, columns their matrices. The
strongest colour is ${shareText(greatest, 1)}, that of the densest matrix.</figcaption></figure>\n`;
}

function othersTable(others: readonly TensorDensity[], besides: boolean): Html {
  const shown = others.slice(0, MOST_OTHERS);
  const listed = table({
    label: "Density of other tensors",
    head: ["tensor", "density", "kept", "of"],
    rows: shown.map((tensor) => [
      shorten(tensor.name, 200),
      shareText(densityOf(tensor)),
      whole(tensor.kept),
      whole(tensor.size),
    ]),
  });
  return markup`${besides && markup`<p>Prunable tensors outside this scheme:</p>`}${listed}${and(others, shown)}\n`;
}

function total(amounts: readonly Amount[]): Amount {
  return {
    kept: amounts.reduce((sum, { kept }) => sum + kept, 0),
    size: amounts.reduce((sum, { size }) => sum + size, 0),
  };
}

function densityOf({ kept, size }: Amount): number {
  return size > 0 ? kept / size : 0;
}
