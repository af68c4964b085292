// Config keys about the model: which one, at which provider, with which instructions.
import {
  BOOLEAN,
  PATH,
  STRING,
  STRING_MAP,
  STRINGS,
  TABLE,
  integer,
  oneOf,
  type KeySpec,
} from './key-spec.ts';

const EFFORT = oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra');

export const MODEL_KEYS: readonly KeySpec[] = [
  {
    path: 'model',
    kind: STRING,
    description: 'Model to use; `demo` also selects the built-in demo provider.',
  },
  { path: 'review_model', kind: STRING, description: 'Model for reviews; the main model when unset.' },
  {
    path: 'model_provider',
    kind: STRING,
    default: 'openai',
    userOnly: true,
    description: 'Id of the provider that answers requests: a built-in one or a key of `model_providers`.',
  },
  {
    path: 'openai_base_url',
    kind: STRING,
    userOnly: true,
    description: 'Base URL of the built-in `openai` provider.',
  },
  {
    path: 'chatgpt_base_url',
    kind: STRING,
    default: 'https://chatgpt.com/backend-api',
    userOnly: true,
    description: 'Base URL of requests made with a ChatGPT login.',
  },
  {
    path: 'oss_provider',
    kind: oneOf('ollama', 'lmstudio'),
    userOnly: true,
    description: 'Local provider that `--oss` uses.',
  },
  { path: 'model_reasoning_effort', kind: EFFORT, description: 'How long the model thinks.' },
  { path: 'plan_mode_reasoning_effort', kind: EFFORT, unused: true, description: 'Effort while planning.' },
  {
    path: 'model_reasoning_summary',
    kind: oneOf('auto', 'concise', 'detailed', 'none'),
    description: 'How much of the reasoning is summarised.',
  },
  { path: 'model_verbosity', kind: oneOf('low', 'medium', 'high'), description: 'Length of answers.' },
  {
    path: 'model_supports_reasoning_summaries',
    kind: BOOLEAN,
    description: 'Says that the model can summarise its reasoning, whatever the catalog says.',
  },
  {
    path: 'model_context_window',
    kind: integer(1),
    description: 'Context window in tokens, over what the catalog says.',
  },
  {
    path: 'model_auto_compact_token_limit',
    kind: integer(1),
    description: 'Tokens in use at which the history is compacted.',
  },
  {
    path: 'model_auto_compact_token_limit_scope',
    kind: STRING,
    unused: true,
    description: 'What the limit above counts.',
  },
  {
    path: 'model_catalog_json',
    kind: PATH,
    userOnly: true,
    description: 'JSON file with models that extend the built-in catalog.',
  },
  {
    path: 'service_tier',
    kind: oneOf('fast', 'flex', 'priority', 'default'),
    description: 'Service tier of requests; `priority` is another name of `fast`.',
  },
  {
    path: 'personality',
    kind: oneOf('none', 'friendly', 'pragmatic'),
    unused: true,
    description: 'Tone of the model.',
  },
  {
    path: 'tool_output_token_limit',
    kind: integer(1),
    description: 'Longest tool output in tokens that a request carries.',
  },
  {
    path: 'instructions',
    kind: STRING,
    description: 'Replaces the built-in system prompt; `model_instructions_file` wins over it.',
  },
  {
    path: 'developer_instructions',
    kind: STRING,
    description: 'Extra instructions, sent as a developer message.',
  },
  {
    path: 'model_instructions_file',
    kind: PATH,
    description: 'File whose text replaces the built-in system prompt.',
  },
  {
    path: 'experimental_instructions_file',
    kind: PATH,
    description: 'Older name of `model_instructions_file`.',
  },
  {
    path: 'compact_prompt',
    kind: STRING,
    description: 'Replaces the prompt that asks for a summary when the history is compacted.',
  },
  { path: 'experimental_compact_prompt_file', kind: PATH, description: 'File with the prompt above.' },
  {
    path: 'project_doc_max_bytes',
    kind: integer(),
    default: 32_768,
    description:
      'Most bytes of project instruction files (AGENTS.md and others) in a request; 0 leaves them out.',
  },
  {
    path: 'project_doc_fallback_filenames',
    kind: STRINGS,
    default: [],
    description: 'File names tried after AGENTS.override.md, AGENTS.md and CLAUDE.md.',
  },
  {
    path: 'project_root_markers',
    kind: STRINGS,
    default: ['.git'],
    userOnly: true,
    description: 'Names whose presence makes a folder the root of a project.',
  },
  { path: 'commit_attribution', kind: STRING, unused: true, description: 'Attribution line of commits.' },
];

const PROVIDER: readonly KeySpec[] = [
  { path: 'name', kind: STRING, description: 'Name shown to people.' },
  { path: 'base_url', kind: STRING, description: 'Base URL; `/responses` is appended.' },
  {
    path: 'wire_api',
    kind: STRING,
    description: 'Protocol; only `responses` is supported, and the default.',
  },
  { path: 'env_key', kind: STRING, description: 'Environment variable that holds the API key.' },
  { path: 'env_key_instructions', kind: STRING, description: 'Shown when that variable is missing.' },
  {
    path: 'experimental_bearer_token',
    kind: STRING,
    description: 'The token itself; an environment variable is safer.',
  },
  { path: 'http_headers', kind: STRING_MAP, description: 'Extra headers.' },
  {
    path: 'env_http_headers',
    kind: STRING_MAP,
    description: 'Extra headers whose values come from environment variables; skipped when unset.',
  },
  { path: 'query_params', kind: STRING_MAP, description: 'Query parameters appended to the URL.' },
  {
    path: 'requires_openai_auth',
    kind: BOOLEAN,
    description: 'Use the OpenAI key or login (default false).',
  },
  {
    path: 'supports_websockets',
    kind: BOOLEAN,
    unused: true,
    description: 'Whether it takes requests over a WebSocket.',
  },
  {
    path: 'websocket_connect_timeout_ms',
    kind: integer(),
    unused: true,
    description: 'Time to connect a WebSocket.',
  },
  {
    path: 'request_max_retries',
    kind: integer(),
    description: 'Tries after a failed request (default 4, at most 100).',
  },
  {
    path: 'stream_max_retries',
    kind: integer(),
    description: 'Tries after a cut stream (default 5, at most 100).',
  },
  {
    path: 'stream_idle_timeout_ms',
    kind: integer(1),
    description: 'Longest silence of a stream in milliseconds (default 300000).',
  },
  {
    path: 'auth',
    kind: TABLE,
    description: 'Command that prints a token: not supported yet, a provider that has it cannot be used.',
  },
  { path: 'aws', kind: TABLE, unused: true, description: 'Amazon credentials.' },
];

/** Where requests and keys go is never for a project to say. */
export const PROVIDER_KEYS: readonly KeySpec[] = PROVIDER.map((key) => ({
  ...key,
  path: `model_providers.*.${key.path}`,
  userOnly: true,
}));
