// What else comes from the service, of which its OpenAPI document says less than the page knows,
// and which path gives which reply.

declare namespace Reply {
  /** A stored spec has every field; the page reads these and hands on the others as they are. */
  interface Spec {
    name?: string;
    dataset: string;
    arms: { name: string; loss?: Loss; negatives?: { given: number } }[];
    negatives?: { given: number };
    tuning?: { planned?: unknown } | null;
    programme?: any;
    factors?: { name: string; levels: { name: string }[] }[];
    design?: string;
    effects?: string;
    loss?: Loss;
    seeds?: { count?: number, list?: number[] };
    split: { kind?: string };
    batch_size?: number;
    validation_batches?: number;
    validation_pairs?: number;
    decision: { metric: string; baseline: string; confidence: number };
  }

  interface Loss {
    terms: { kind: string; weight?: number; row?: string; among?: string | null; mining?: { among: string }[] | null }[];
  }

  interface Provenance {
    device_kind?: string;
    [name: string]: unknown;
  }

  /** Columns of one run's steps by name, all as long as `step`. */
  interface Steps {
    step: number[];
    [name: string]: (number | null)[];
  }

  /** An evaluation has a value of each metric that the service lists. */
  interface EvaluationView {
    [metric: string]: number | string | null;
  }

  interface Problem {
    title?: string;
    detail?: string;
    errors?: FieldProblem[];
  }

  interface FieldProblem {
    pointer: string;
    detail: string;
    column?: number;
  }

  interface OpenApi {
    components: { schemas: Record<string, SchemaNode> };
  }

  /** A node of the spec's JSON schema, with the keywords that the service writes. */
  interface SchemaNode {
    $ref?: string;
    title?: string;
    description?: string;
    type?: string;
    default?: unknown;
    const?: string;
    enum?: string[];
    oneOf?: SchemaNode[];
    anyOf?: SchemaNode[];
    items?: SchemaNode;
    minItems?: number;
    examples?: unknown[];
    "x-formula"?: boolean;
    "x-choices"?: Record<string, { title: string; description: string }>;
    "x-about"?: string;
    maxItems?: number;
    maxLength?: number;
    minimum?: number;
    maximum?: number;
    exclusiveMinimum?: number;
    exclusiveMaximum?: number;
    properties?: Record<string, SchemaNode>;
    required?: string[];
  }

  // data of the messages of an experiment's stream

  interface EventView {
    run_id: string | null;
    at: string;
    kind: string;
    to_state: RunState | null;
    attempt: number | null;
    message: string | null;
  }

  type RunSteps = Steps & { run: string };

  interface RunEvaluations {
    run: string;
    items: EvaluationView[];
  }

  // the longer path first, since a part of a path may hold a slash as far as the types know
  type To<Path extends string> =
    Path extends "/openapi.json" ? OpenApi
    : Path extends "/v1/metrics" ? MetricsView
    : Path extends "/v1/recipes" ? Page<RecipeView>
    : Path extends "/v1/datasets" ? Page<DatasetView>
    : Path extends `/v1/datasets/${string}/lengths` ? LengthsView
    : Path extends `/v1/datasets/${string}/pairs?${string}` ? PairsView
    : Path extends `/v1/datasets/${string}` ? DatasetView
    : Path extends "/v1/models" ? Page<ModelView>
    : Path extends "/v1/vectors" ? Page<VectorsView>
    : Path extends "/v1/experiments?dry_run=true" ? DryRun
    : Path extends `/v1/experiments?${string}` ? Page<ExperimentSummary>
    : Path extends "/v1/experiments" ? ExperimentView
    : Path extends `/v1/experiments/${string}/results` ? Results
    : Path extends `/v1/experiments/${string}/labels` ? LabelsView
    : Path extends `/v1/experiments/${string}/seeds` ? MoreSeedsView
    : Path extends `/v1/differences?${string}` ? DifferencesView
    : Path extends `/v1/experiments/${string}` ? ExperimentView
    : Path extends `/v1/programmes?${string}` ? Page<ProgrammeSummary>
    : Path extends `/v1/programmes/${string}` ? ProgrammeDocument
    : Path extends "/v1/studies?dry_run=true" ? StudyDryRun
    : Path extends `/v1/studies?${string}` ? Page<StudyView>
    : Path extends "/v1/studies" ? StudyView
    : Path extends `/v1/studies/${string}/results` ? StudyResults
    : Path extends `/v1/studies/${string}` ? StudyView
    : Path extends `/v1/runs/${string}/steps?${string}` ? Steps
    : Path extends `/v1/runs/${string}/log?${string}` ? LogView
    : Path extends `/v1/runs/${string}/usage` ? UsageView
    : Path extends `/v1/runs/${string}/evaluations` ? Page<EvaluationView>
    : Path extends `/v1/runs/${string}/checkpoints` ? Page<CheckpointView>
    : Path extends `/v1/runs/${string}/scores` ? ScoresView
    : Path extends `/v1/runs/${string}/mistakes?${string}` ? MisclassifiedPairsView
    : Path extends `/v1/runs/${string}/predict?${string}` ? PredictionView
    : Path extends `/v1/predictions/${string}` ? PredictionView
    : Path extends `/v1/runs/${string}` ? RunView
    : unknown;

  /** What an upload to a path gives back. */
  type Made<Path extends string> = Path extends "/v1/models" ? ModelView : Path extends "/v1/vectors" ? VectorsView : DatasetView;
}
