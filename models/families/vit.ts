/**
 * ViT and DeiT as models for tasks of images.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import { headsOf, neuronsOf } from "../layer_sizes.ts";
import type { Family } from "../network.ts";
import { type ViTConfig, viTConfig } from "../vit/config.ts";
import { initViT } from "../vit/init.ts";
import { viTParams } from "../vit/params.ts";
import { isViTPrunable, viT, viTHeads } from "../vit/vit.ts";
import { layerGroups, type LayerNames } from "./groups.ts";
import { drawn, labelConfig, matchLabels, reorderRows, unmatched } from "./labels.ts";

const layerNames: LayerNames = {
  projections: ["query", "key", "value"].map((part) => `attention.attention.${part}`),
  output: "attention.output.dense",
  feedForward: ["intermediate.dense", "output.dense"],
};

/** ViTForImageClassification, DeiTForImageClassification and their bare encoders. */
export const vitFamily: Family = {
  modelTypes: ["vit", "deit"],
  modality: "image",
  heads: ["classification"],
  async build({ name, config: json, params }, { labels, imageSize, seed }) {
    const given = viTConfig(json, `${name}/config.json`);
    const relabelled = given.num_labels !== labels.length;
    const sized = imageSize === undefined ? json : { ...json, image_size: imageSize };
    const config = { ...viTConfig(sized, `${name}/config.json`), num_labels: labels.length };
    const fresh = Object.keys(params).length === 0;
    const fitted = fresh ? drawn(await initViT(config, seed)) : await viTParams(params, config, name, seed);
    const ordered: Record<string, HostTensor> = { ...fitted.params };
    const heads = viTHeads(config);
    // A classifier that was drawn knows no classes yet.
    const trained = heads.every((head) => !fitted.fresh.includes(`${head}.weight`));
    const { order, notes } = trained ? matchLabels(named(json), labels, name) : unmatched;
    if (order) {
      for (const part of heads.flatMap((head) => [`${head}.weight`, `${head}.bias`])) {
        ordered[part] = reorderRows(ordered[part]!, order);
      }
    }
    const changed = relabelled || order !== undefined || fitted.notes.length > 0 || fresh ||
      config.image_size !== given.image_size;
    const { num_channels, image_size } = config;
    return {
      name,
      modelType: config.model_type,
      modality: "image",
      head: "classification",
      params: ordered,
      config: changed ? { ...json, architectures: [architecture(config)], image_size, ...labelConfig(labels) } : json,
      fresh: fitted.fresh,
      notes: [...fitted.notes, ...notes],
      image: [num_channels, image_size, image_size],
      groups: layerGroups((i) => `${config.model_type}.encoder.layer.${i}`, layerNames, {
        layers: config.num_hidden_layers,
        heads: (layer) => headsOf(config, layer),
        headSize: config.head_dim,
        neurons: (layer) => neuronsOf(config, layer),
      }),
      isPrunable: isViTPrunable,
      outputs: (params, { images }, options = {}) => ({ logits: viT(params, config, images!, options) }),
    };
  },
};

/** The class of Hugging Face that has these parameters. */
function architecture({ model_type, distilled }: ViTConfig): string {
  const name = `${model_type === "deit" ? "DeiT" : "ViT"}ForImageClassification`;
  return distilled ? `${name}WithTeacher` : name;
}

/** `id2label` of a configuration that has been checked. */
function named({ id2label }: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> | undefined {
  return id2label as Readonly<Record<string, string>> | undefined;
}
