import { defineErrors } from "@millwright/kernel";

export const trainingErrors = defineErrors("training", {
  "training/no-rows": {
    status: 422,
    title: "There are no rows to learn from",
    remedy: "Look at `split` and the population: each part needs rows of both labels. `mill sql` counts them.",
    example: 'split: { validationFrom: "2001-05-01", testFrom: "2001-06-01" }',
  },
  "training/invalid-split": {
    status: 422,
    title: "A training's split cannot be made",
    remedy:
      "Say either two times and the population's `timestamp`, or shares for validation and test that add up to less than 1.",
    example: 'split: { validation: 0.15, test: 0.15, by: "hash" }',
  },
  "training/label-not-binary": {
    status: 422,
    title: "The label is not 0 or 1",
    remedy: "Make the label 0 or 1 in the population's model: this trainer answers a yes-or-no question.",
  },
  "training/unknown-column": {
    status: 422,
    title: "A column to slice by is not there",
    remedy: "`slices` and `sliceAtLeast` name columns of the training table: `mill table show NAME_training`.",
    example: 'slices: ["carrier"]',
  },
  "training/wrong-label": {
    status: 422,
    title: "The label does not suit what is to be learned",
    remedy:
      "A number (`squared`) needs a number in each row; classes (`softmax`) need text, whole numbers or booleans, at most 255 of them. Leave rows without a label out of the population.",
    example: 'trainer: gradientBoosting({ objective: "softmax" })',
  },
  "training/wrong-weight": {
    status: 422,
    title: "A row's weight is no number above 0",
    remedy: "Make `weight` a column of positive numbers, or leave such rows out of the population.",
  },
  "training/wrong-category": {
    status: 422,
    title: "A feature cannot be learned from as it was declared",
    remedy: "`categorical` names features by their names in the training: whole numbers or text.",
  },
  "training/no-judgement": {
    status: 404,
    title: "Nothing is kept of how good this version is",
    remedy:
      "Train it again with `mill run --select training:NAME --force`: versions from before, and other trainers' ones, have none.",
    example: "mill models report late-flights",
  },
  "training/too-large": {
    status: 507,
    title: "The training set does not fit into memory",
    remedy: "Train on fewer rows or columns, or on a machine with more memory.",
  },
  "training/corrupt-model": {
    status: 422,
    title: "A model file is damaged",
    remedy: "Train again, or bring the file back from a copy: its checksum does not hold.",
  },
  "training/not-explainable": {
    status: 422,
    title: "The model's file does not hold what an explanation needs",
    remedy: "Train it again: files of older versions do not say how many rows came by each node.",
  },
  "training/export-differs": {
    status: 500,
    exit: 3,
    title: "The exported model answers differently from the trained one",
    remedy: "Nothing was registered. This is a defect of the export: please report it with the run's parameters.",
  },
  "training/gate": {
    status: 422,
    title: "A gate does not hold",
    remedy: "The version was kept and the champion left as it was. Look at its metrics: `mill models show NAME`.",
  },
});
