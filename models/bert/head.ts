/**
 * What follows BERT's encoder, and how Hugging Face calls it.
 *
 * @module
 */

/**
 * What follows the encoder, and with it the class of Hugging Face whose names the parameters have:
 *
 * - "classification": `BertForSequenceClassification`, one logit for each label;
 * - "regression": the same class with one output;
 * - "span": `BertForQuestionAnswering`, logits of start and end at each token; it has no pooler;
 * - "none": `BertModel`, the encoder with its pooler, names without the prefix `bert.`.
 */
export type BertHead = "classification" | "regression" | "span" | "none";

/** The class of Hugging Face with these parameters, for `architectures` of `config.json`. */
export function bertArchitecture(head: BertHead): string {
  if (head === "none") return "BertModel";
  return head === "span" ? "BertForQuestionAnswering" : "BertForSequenceClassification";
}

/** What the names of the encoder's parameters start with. */
export function bertPrefix(head: BertHead): "bert." | "" {
  return head === "none" ? "" : "bert.";
}
