/**
 * CLIP as a model for tasks of images: a linear classifier over its tower of images, or both towers, which know classes
 * by their names.
 *
 * @module
 */
import { type HostTensor, literal, type Tensor } from "../../engine/mod.ts";
import { CheckpointError } from "../checkpoint.ts";
import { clipImage, clipLogits, clipText } from "../clip/clip.ts";
import { clipVisionClassifier } from "../clip/classifier.ts";
import { type ClipConfig, clipConfig, type ClipTowerConfig } from "../clip/config.ts";
import { initClip, initClipClassifier } from "../clip/init.ts";
import { isClipPrunable, isClipVisionPrunable } from "../clip/names.ts";
import { clipClassifierParams, clipParams } from "../clip/params.ts";
import { clipClassEmbeddings, clipZeroShot } from "../clip/zero_shot.ts";
import type { Family, Network, NetworkGroups, NetworkRequest } from "../network.ts";
import type { Outputs } from "../predict.ts";
import { layerGroups, type LayerNames } from "./groups.ts";
import { drawn, labelConfig, matchLabels, reorderRows } from "./labels.ts";

type Given = Parameters<Family["build"]>[0];

/** CLIPForImageClassification and CLIPModel, and the tower of images alone. */
export const clipFamily: Family = {
  modelTypes: ["clip", "clip_vision_model"],
  modality: "image",
  heads: ["classification", "contrastive"],
  build: (checkpoint, request) =>
    request.head === "classification" ? classifier(checkpoint, request) : bothTowers(checkpoint, request),
};

/** The configuration of the whole, with the image size that is asked for. */
function configOf({ name, config }: Given, { imageSize }: NetworkRequest): {
  readonly json: Readonly<Record<string, unknown>>;
  readonly config: ClipConfig;
} {
  const whole = config.model_type === "clip" ? config : { ...config, model_type: "clip", vision_config: config };
  const json = imageSize === undefined
    ? whole
    : { ...whole, vision_config: { ...(whole.vision_config as object | undefined), image_size: imageSize } };
  return { json, config: clipConfig(json, `${name}/config.json`) };
}

async function classifier(checkpoint: Given, request: NetworkRequest): Promise<Network> {
  const { name, params } = checkpoint;
  const { labels, seed } = request;
  const { json, config: given } = configOf(checkpoint, request);
  const relabelled = given.num_labels !== labels.length;
  const config = { ...given, num_labels: labels.length };
  const fresh = Object.keys(params).length === 0;
  const fitted = fresh
    ? drawn(await initClipClassifier(config, seed))
    : await clipClassifierParams(params, config, name, seed);
  const trained = !fitted.fresh.includes("classifier.weight");
  const names = json.id2label as Readonly<Record<string, string>> | undefined;
  const match = trained ? matchLabels(names, labels, name) : { notes: [] };
  const ordered: Record<string, HostTensor> = { ...fitted.params };
  if (match.order) {
    for (const part of ["classifier.weight", "classifier.bias"]) {
      ordered[part] = reorderRows(ordered[part]!, match.order);
    }
  }
  const changed = json !== checkpoint.config || relabelled || match.order !== undefined || !trained;
  return {
    ...common(name, config),
    head: "classification",
    params: ordered,
    config: changed
      ? { ...json, ...labelConfig(labels), architectures: ["CLIPForImageClassification"] }
      : checkpoint.config,
    fresh: fitted.fresh,
    notes: [...fitted.notes, ...match.notes],
    groups: towerGroups("vision_model", config.vision_config),
    isPrunable: isClipVisionPrunable,
    outputs: (params, { images }, options = {}) => ({ logits: clipVisionClassifier(params, config, images!, options) }),
  };
}

async function bothTowers(checkpoint: Given, request: NetworkRequest): Promise<Network> {
  const { name, params } = checkpoint;
  const { json, config } = configOf(checkpoint, request);
  if (checkpoint.config.model_type !== "clip") {
    throw new CheckpointError(`${name}: is the tower of images alone, which knows no names; use a whole CLIP`);
  }
  const fresh = Object.keys(params).length === 0;
  const fitted = fresh ? drawn(await initClip(config, request.seed)) : await clipParams(params, config, name);
  const [text, vision] = [
    towerGroups("text_model", config.text_config),
    towerGroups("vision_model", config.vision_config),
  ];
  return {
    ...common(name, config),
    head: "contrastive",
    params: fitted.params,
    config: json,
    fresh: fitted.fresh,
    notes: fitted.notes,
    maxTokens: config.text_config.max_position_embeddings,
    vocabulary: config.text_config.vocab_size,
    groups: { head: { ...text.head, ...vision.head }, neuron: { ...text.neuron, ...vision.neuron } },
    isPrunable: isClipPrunable,
    outputs(params, { images, texts }, options = {}): Outputs<Tensor> {
      if (texts) {
        const { onLayer: _, ...plain } = options; // the layers of the pictures are those that are followed
        const seen = clipImage(params, config, images!, options);
        return { pairs: clipLogits(params, seen, clipText(params, config, texts, plain)) };
      }
      const { prompts } = request;
      if (!prompts) throw new CheckpointError(`${name}: has no texts that stand for the classes; give prompts`);
      const classes = clipClassEmbeddings(
        clipText(params, config, literal(prompts.ids.data, prompts.ids.shape)),
        prompts.templates,
      );
      return { logits: clipZeroShot(params, config, images!, classes, options) };
    },
  };
}

function common(name: string, { vision_config: { num_channels, image_size } }: ClipConfig) {
  return {
    name,
    modelType: "clip",
    modality: "image",
    image: [num_channels, image_size, image_size],
  } as const satisfies Partial<Network>;
}

const layerNames: LayerNames = {
  projections: ["q_proj", "k_proj", "v_proj"].map((part) => `self_attn.${part}`),
  output: "self_attn.out_proj",
  feedForward: ["mlp.fc1", "mlp.fc2"],
};

function towerGroups(tower: string, config: ClipTowerConfig): NetworkGroups {
  return layerGroups((i) => `${tower}.encoder.layers.${i}`, layerNames, {
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    headSize: config.hidden_size / config.num_attention_heads,
    neurons: config.intermediate_size,
  });
}
