/**
 * The model card of a run folder: `README.md`, as the Hugging Face Hub shows it.
 *
 * @module
 */
import type { Task } from "../../models/mod.ts";
import type { Model } from "./model.ts";
import type { RunRecord } from "./record.ts";
import { commandLine } from "./report/mod.ts";
import { count, metricText, percent } from "./table.ts";

/** What the hub calls tasks of these heads. */
const pipelines: Readonly<Record<string, string>> = {
  "text classification": "text-classification",
  "text regression": "text-classification",
  "text span": "question-answering",
  "image classification": "image-classification",
  "image contrastive": "zero-shot-image-classification",
};

/** Text that is safe as a YAML value. */
const yaml = (text: string | number): string => JSON.stringify(text);

/**
 * Writes the card.
 *
 * @param model What was pruned.
 * @param task On what.
 * @param record What came out.
 * @returns Markdown with a heading of metadata.
 */
export function modelCard({ network }: Model, task: Task, record: RunRecord): string {
  const { method, result, options, steps, versions, device } = record;
  const { metric, dense, pruned, sparsity, kept, prunable, metrics } = result;
  const pipeline = pipelines[`${network.modality} ${network.head}`];
  const base = options.model?.startsWith("hf:") ? options.model.slice(3).split(/[@:]/)[0]! : undefined;
  const [[split]] = Object.entries(metrics.pruned) as [[string, unknown]];
  const front = [
    "---",
    "library_name: transformers",
    ...(pipeline ? [`pipeline_tag: ${pipeline}`] : []),
    ...(base ? [`base_model: ${yaml(base)}`] : []),
    "tags:",
    ...["pruned", "sparse", method].map((tag) => `  - ${yaml(tag)}`),
    "metrics:",
    `  - ${yaml(metric)}`,
    "model-index:",
    `  - name: ${yaml(`${network.modelType} pruned by ${method}`)}`,
    "    results:",
    "      - task:",
    `          type: ${yaml(pipeline ?? task.head)}`,
    "        dataset:",
    `          name: ${yaml(task.name)}`,
    `          type: ${yaml(task.name)}`,
    `          split: ${yaml(split)}`,
    "        metrics:",
    `          - type: ${yaml(metric)}`,
    `            value: ${pruned}`,
    "---",
  ];
  const rows = Object.entries(metrics.pruned).flatMap(([split, values]) =>
    Object.entries(values).map(([name, value]) =>
      `| ${split} | ${name} | ${metricText(name, metrics.dense[split]![name]!)} | ${metricText(name, value)} |`
    )
  );
  return `${front.join("\n")}

# A ${network.modelType} with ${percent(sparsity)} of its prunable weights removed

${count(kept)} of ${
    count(prunable)
  } prunable weights are left; the others are exactly 0 in \`model.safetensors\`. Pruned
by \`${method}\` while it was fine-tuned on \`${task.name}\` (${task.description}) for ${count(steps)} steps.

| split | metric | dense | pruned |
| ----- | ------ | ----: | -----: |
${rows.join("\n")}

${collapsedText(result.collapsed ?? [])}${metricText(metric, dense)} before, ${
    metricText(metric, pruned)
  } after. Zeros that lie anywhere do not make dense
kernels faster: what is gained is size, once the file is compressed or packed.

\`masks.safetensors\` has one bit for each prunable weight, \`recipe.json\` what it takes to repeat the run,
\`report.html\` how it went.

\`\`\`sh
${commandLine(options)}
\`\`\`

Made with seven ${versions.seven} on the ${device} device.
`;
}

/** A paragraph about weights through which nothing passes. */
function collapsedText(names: readonly string[]): string {
  return names.length === 0 ? "" : `No element is left of ${names.map((name) => `\`${name}\``).join(", ")}.\n\n`;
}
