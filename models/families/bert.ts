/**
 * BERT as a model for tasks of text.
 *
 * @module
 */
import type { HostTensor, Tensor } from "../../engine/mod.ts";
import { bertClassifier, bertEncoder, bertSpans } from "../bert/bert.ts";
import { bertConfig, bertConfigJson, bertWithLabels } from "../bert/config.ts";
import { initBert } from "../bert/init.ts";
import { isBertPrunable } from "../bert/names.ts";
import { bertParams } from "../bert/params.ts";
import { headsOf, neuronsOf } from "../layer_sizes.ts";
import type { Head } from "../heads.ts";
import type { Family } from "../network.ts";
import type { Outputs } from "../predict.ts";
import { layerGroups, type LayerNames } from "./groups.ts";
import { drawn, matchLabels, reorderRows, unmatched } from "./labels.ts";

const layerNames: LayerNames = {
  projections: ["query", "key", "value"].map((part) => `attention.self.${part}`),
  output: "attention.output.dense",
  feedForward: ["intermediate.dense", "output.dense"],
};

/** BertForSequenceClassification (classes or a number), BertForQuestionAnswering, and what can become one of them. */
export const bertFamily: Family = {
  modelTypes: ["bert"],
  modality: "text",
  heads: ["classification", "regression", "span"],
  async build({ name, config: json, params }, { head: asked, labels, seed }) {
    const head = asked as Exclude<Head, "contrastive">; // one of those above
    const given = bertConfig(json, `${name}/config.json`);
    const relabelled = head === "classification" && given.num_labels !== labels.length;
    const config = head === "classification"
      ? bertWithLabels(given, labels)
      : head === "regression"
      ? bertWithLabels(given, 1, "regression")
      : given;
    const fresh = Object.keys(params).length === 0;
    const fitted = fresh
      ? drawn(await initBert(config, head, seed))
      : await bertParams(params, config, head, name, seed);
    const ordered: Record<string, HostTensor> = { ...fitted.params };
    // A classifier that was drawn knows no classes yet.
    const trained = head === "classification" && !fitted.fresh.includes("classifier.weight");
    const { order, notes } = trained ? matchLabels(given.id2label, labels, name) : unmatched;
    if (order) {
      for (const part of ["classifier.weight", "classifier.bias"]) ordered[part] = reorderRows(ordered[part]!, order);
    }
    const changed = relabelled || order !== undefined || fitted.notes.length > 0 || fresh;
    return {
      name,
      modelType: "bert",
      modality: "text",
      head,
      params: ordered,
      config: changed ? bertConfigJson(config, head, json) : json,
      fresh: fitted.fresh,
      notes: [...fitted.notes, ...notes],
      maxTokens: config.max_position_embeddings,
      vocabulary: config.vocab_size,
      groups: layerGroups((i) => `bert.encoder.layer.${i}`, layerNames, {
        layers: config.num_hidden_layers,
        heads: (layer) => headsOf(config, layer),
        headSize: config.hidden_size / config.num_attention_heads,
        neurons: (layer) => neuronsOf(config, layer),
      }),
      isPrunable: isBertPrunable,
      outputs(params, batch, options = {}): Outputs<Tensor> {
        const inputs = { ids: batch.ids!, typeIds: batch.typeIds!, mask: batch.mask! };
        const hidden = bertEncoder(params, config, inputs, options);
        if (head === "span") return { ...bertSpans(params, config, hidden, inputs.mask) };
        return { logits: bertClassifier(params, config, hidden, options) };
      },
    };
  },
};
