import { kernelErrors, type ErrorFamily } from "@millwright/kernel";
import { featureErrors } from "@millwright/feature-store";
import { governanceErrors } from "@millwright/governance";
import { ingestionErrors } from "@millwright/ingestion";
import { icebergErrors, lakehouseErrors } from "@millwright/lakehouse";
import { orchestrationErrors } from "@millwright/orchestration";
import { platformErrors } from "@millwright/platform";
import { projectErrors } from "@millwright/project";
import { inferenceErrors, servingErrors } from "@millwright/serving";
import { trackingErrors } from "@millwright/tracking";
import { trainingErrors } from "@millwright/training";
import { transformationErrors } from "@millwright/transformation";
import { validationErrors } from "@millwright/validation";

/** Every error that Millwright knows. */
export const errorFamilies: readonly ErrorFamily[] = [
  kernelErrors,
  platformErrors,
  lakehouseErrors,
  icebergErrors,
  ingestionErrors,
  transformationErrors,
  validationErrors,
  featureErrors,
  orchestrationErrors,
  trackingErrors,
  trainingErrors,
  servingErrors,
  inferenceErrors,
  governanceErrors,
  projectErrors,
];
