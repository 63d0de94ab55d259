/**
 * The parameters of CLIP under the names that Hugging Face's classes give them.
 *
 * @module
 */
import type { ClipConfig, ClipTextConfig, ClipTowerConfig, ClipVisionConfig } from "./config.ts";
import { type ShapeList, shapeList } from "../layers.ts";

/** What the names of a tower's parameters start with. */
export type ClipTower = "text_model" | "vision_model";

/** Shapes of all parameters of `CLIPModel`, by name. */
export function clipShapes(config: ClipConfig): Record<string, readonly number[]> {
  const { text_config: text, vision_config: vision, projection_dim } = config;
  return {
    logit_scale: [],
    ...textShapes(text),
    ...visionShapes(vision),
    "visual_projection.weight": [projection_dim, vision.hidden_size],
    "text_projection.weight": [projection_dim, text.hidden_size],
  };
}

/** Shapes of all parameters of `CLIPForImageClassification`, by name: the tower of images and a classifier. */
export function clipClassifierShapes(config: ClipConfig): Record<string, readonly number[]> {
  const { shapes, dense } = shapeList(visionShapes(config.vision_config));
  dense("classifier", config.num_labels, config.vision_config.hidden_size);
  return shapes;
}

function textShapes(config: ClipTextConfig): Record<string, readonly number[]> {
  const { hidden_size: d } = config;
  const list = shapeList({
    "text_model.embeddings.token_embedding.weight": [config.vocab_size, d],
    "text_model.embeddings.position_embedding.weight": [config.max_position_embeddings, d],
  });
  layerShapes(list, "text_model", config);
  list.norm("text_model.final_layer_norm", d);
  return list.shapes;
}

function visionShapes(config: ClipVisionConfig): Record<string, readonly number[]> {
  const { hidden_size: d, patch_size: p } = config;
  const list = shapeList({
    "vision_model.embeddings.class_embedding": [d],
    "vision_model.embeddings.patch_embedding.weight": [d, config.num_channels, p, p],
    "vision_model.embeddings.position_embedding.weight": [(config.image_size / p) ** 2 + 1, d],
  });
  // The name is misspelt in all checkpoints there are.
  list.norm("vision_model.pre_layrnorm", d);
  layerShapes(list, "vision_model", config);
  list.norm("vision_model.post_layernorm", d);
  return list.shapes;
}

function layerShapes({ dense, norm }: ShapeList, tower: ClipTower, config: ClipTowerConfig): void {
  const { hidden_size: d, intermediate_size: f } = config;
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `${tower}.encoder.layers.${i}`;
    for (const part of ["k_proj", "v_proj", "q_proj", "out_proj"]) dense(`${layer}.self_attn.${part}`, d, d);
    norm(`${layer}.layer_norm1`, d);
    dense(`${layer}.mlp.fc1`, f, d);
    dense(`${layer}.mlp.fc2`, d, f);
    norm(`${layer}.layer_norm2`, d);
  }
}

const matrix = /^(text_model|vision_model)\.encoder\.layers\.\d+\.(self_attn\.(q|k|v|out)_proj|mlp\.fc[12])\.weight$/;

/**
 * Names of the matrices that pruning may touch by default: those of the encoder layers of both towers. Embeddings,
 * norms, biases, projections, classifier and temperature never.
 */
export function isClipPrunable(name: string): boolean {
  return matrix.test(name);
}

/** The same for the tower of images alone, such as when texts stay as they are. */
export function isClipVisionPrunable(name: string): boolean {
  return matrix.test(name) && name.startsWith("vision_model.");
}
