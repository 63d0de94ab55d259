/**
 * The parameters of BERT under the names that Hugging Face's classes give them.
 *
 * @module
 */
import type { BertConfig } from "./config.ts";
import { type BertHead, bertPrefix } from "./head.ts";
import { headsOf, neuronsOf } from "../layer_sizes.ts";
import { shapeList } from "../layers.ts";

/** Shapes of all parameters of the class that `head` stands for, by name. */
export function bertShapes(config: BertConfig, head: BertHead): Record<string, readonly number[]> {
  const { hidden_size: d, num_attention_heads } = config;
  const bert = bertPrefix(head);
  const { shapes, dense, norm } = shapeList({
    [`${bert}embeddings.word_embeddings.weight`]: [config.vocab_size, d],
    [`${bert}embeddings.position_embeddings.weight`]: [config.max_position_embeddings, d],
    [`${bert}embeddings.token_type_embeddings.weight`]: [config.type_vocab_size, d],
  });
  norm(`${bert}embeddings.LayerNorm`, d);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `${bert}encoder.layer.${i}`;
    const [heard, f] = [headsOf(config, i) * (d / num_attention_heads), neuronsOf(config, i)];
    for (const part of ["query", "key", "value"]) dense(`${layer}.attention.self.${part}`, heard, d);
    dense(`${layer}.attention.output.dense`, d, heard);
    norm(`${layer}.attention.output.LayerNorm`, d);
    dense(`${layer}.intermediate.dense`, f, d);
    dense(`${layer}.output.dense`, d, f);
    norm(`${layer}.output.LayerNorm`, d);
  }
  if (head !== "span") dense(`${bert}pooler.dense`, d, d);
  if (head === "span") dense("qa_outputs", 2, d);
  else if (head !== "none") dense("classifier", head === "regression" ? 1 : config.num_labels, d);
  return shapes;
}

const prunable =
  /^(bert\.)?(encoder\.layer\.\d+\.(attention\.self\.(query|key|value)|(attention\.output|intermediate|output)\.dense)|pooler\.dense)\.weight$/;

/**
 * Names of the matrices that pruning may touch by default: those of the encoder layers and of the pooler, 85,524,480
 * weights of BERT-base. Embeddings, norms, biases, `classifier` and `qa_outputs` never.
 */
export function isBertPrunable(name: string): boolean {
  return prunable.test(name);
}
