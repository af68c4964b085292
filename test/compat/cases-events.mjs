// Checks of `exec --json`: which events come, in which order, with which fields.
import { cut, patch, plan, run, say, slow, status, think } from './scripted-responses.mjs';

/** `type` or `type:item type` of every event, in order. */
const shape = (events) => events.map((one) => (one.item ? `${one.type}:${one.item.type}` : one.type));
const item = (events, type, itemType) =>
  events.find((one) => one.type === type && one.item?.type === itemType)?.item;
const has = (object, ...keys) => object !== undefined && keys.every((key) => key in object);

const FULL = ['--json', '--dangerously-bypass-approvals-and-sandbox'];
const isUuid7 = (text) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text);

export const eventCases = [
  {
    name: 'json: message',
    async run({ agent, check, better, start }) {
      start([say('hello'), say('again')]);
      const { events } = await agent(['exec', '--json', 'x']);
      check(
        'sequence',
        JSON.stringify(shape(events)) ===
          JSON.stringify([
            'thread.started',
            'turn.started',
            'item.completed:agent_message',
            'turn.completed',
          ]),
        shape(events),
      );
      check('thread.started has a UUIDv7', isUuid7(events[0]?.thread_id), events[0]);
      check(
        'agent_message has id and text',
        events[2]?.item.id === 'item_0' && events[2].item.text === 'hello',
        events[2],
      );
      const usage = events.at(-1)?.usage;
      check(
        'usage',
        usage?.input_tokens === 100 && usage.cached_input_tokens === 40 && usage.output_tokens === 20,
        usage,
      );
      const resumed = await agent(['exec', 'resume', '--last', '--json', 'y']);
      check(
        'resume: the same sequence',
        shape(resumed.events).join() === shape(events).join(),
        shape(resumed.events),
      );
      check(
        'resume: usage is summed over the thread',
        resumed.events.at(-1)?.usage?.input_tokens === 200,
        resumed.events.at(-1),
      );
      check('resume: item ids start anew', resumed.events[2]?.item.id === 'item_0', resumed.events[2]);
      better(
        'resume: the usage of this turn is there too',
        JSON.stringify(resumed.events.at(-1)).includes(':100'),
        resumed.events.at(-1),
      );
    },
  },
  {
    name: 'json: reasoning',
    async run({ agent, check, start }) {
      start([think('**Thinking** about it', 'hello')]);
      const { events } = await agent(['exec', '--json', 'x']);
      const got = item(events, 'item.completed', 'reasoning');
      check(
        'reasoning: completed only, with its summary',
        got?.text === '**Thinking** about it' && !item(events, 'item.started', 'reasoning'),
        events,
      );
      const quiet = await agent(['exec', '--json', '-c', 'hide_agent_reasoning=true', 'x']);
      check(
        'the message comes after it',
        shape(events).indexOf('item.completed:reasoning') <
          shape(events).indexOf('item.completed:agent_message'),
        shape(events),
      );
      check(
        'hide_agent_reasoning still ends well',
        quiet.events.at(-1)?.type === 'turn.completed',
        shape(quiet.events),
      );
    },
  },
  {
    name: 'json: command',
    async run({ agent, check, better, start }) {
      start([run('sleep 0.3; echo out; echo err >&2', 'let me look'), slow(say('done'))]);
      const { events } = await agent(['exec', ...FULL, 'x']);
      const begun = item(events, 'item.started', 'command_execution');
      const ended = item(events, 'item.completed', 'command_execution');
      check(
        'started: fields',
        has(begun, 'id', 'command', 'aggregated_output', 'exit_code', 'status') &&
          begun.exit_code === null &&
          begun.status === 'in_progress' &&
          begun.aggregated_output === '',
        begun,
      );
      check(
        'completed: fields',
        ended?.exit_code === 0 &&
          ended.status === 'completed' &&
          /out/.test(ended.aggregated_output) &&
          /err/.test(ended.aggregated_output),
        ended,
      );
      check(
        'same id, same command line with the shell',
        ended?.id === begun?.id &&
          /^\/\S*(ba|z|)sh -l?c /.test(begun?.command) &&
          ended.command === begun.command,
        begun?.command,
      );
      check(
        'sequence',
        shape(events).join() ===
          [
            'thread.started',
            'turn.started',
            'item.completed:agent_message',
            'item.started:command_execution',
            'item.completed:command_execution',
            'item.completed:agent_message',
            'turn.completed',
          ].join(),
        shape(events),
      );
      check('usage is summed over requests', events.at(-1)?.usage?.input_tokens === 200, events.at(-1));
      start([...Array.from({ length: 3 }, () => run('sleep 0.3; echo x')), say('done')]);
      const fast = await agent(['exec', ...FULL, 'x']);
      const count = (type) => shape(fast.events).filter((one) => one === `${type}:command_execution`).length;
      better(
        'every started command completes, also with a fast model',
        count('item.started') === 3 && count('item.completed') === 3,
        shape(fast.events),
      );
    },
  },
  {
    name: 'json: failing command',
    async run({ agent, check, start }) {
      start([run('sleep 0.3; echo bad; exit 3'), slow(say('done'))]);
      const { code, events } = await agent(['exec', ...FULL, 'x']);
      const ended = item(events, 'item.completed', 'command_execution');
      check(
        'completed with failed and its code',
        ended?.exit_code === 3 && ended.status === 'failed' && /bad/.test(ended.aggregated_output),
        ended,
      );
      check('the turn completes', code === 0 && events.at(-1)?.type === 'turn.completed', events.at(-1));
    },
  },
  {
    name: 'json: patch',
    async run({ agent, check, better, start, place }) {
      place.write('work/old.txt', 'one\ntwo\n');
      place.write('work/gone.txt', 'x\n');
      start([
        patch(
          '*** Begin Patch\n*** Add File: new.txt\n+hi\n*** Update File: old.txt\n@@\n-two\n+TWO\n*** Delete File: gone.txt\n*** End Patch',
        ),
        say('done'),
      ]);
      const { events } = await agent(['exec', ...FULL, 'x']);
      const ended = item(events, 'item.completed', 'file_change');
      const changes = (ended?.changes ?? []).map((one) => `${one.kind} ${one.path}`).sort();
      check(
        'started and completed',
        has(item(events, 'item.started', 'file_change'), 'id', 'changes', 'status') &&
          ended?.status === 'completed',
        shape(events),
      );
      check(
        'changes: absolute paths and kinds',
        JSON.stringify(changes) ===
          JSON.stringify([
            `add ${place.work}/new.txt`,
            `delete ${place.work}/gone.txt`,
            `update ${place.work}/old.txt`,
          ]),
        changes,
      );
      check(
        'the files are changed',
        place.read('work/new.txt') === 'hi\n' &&
          place.read('work/old.txt') === 'one\nTWO\n' &&
          place.read('work/gone.txt') === null,
        '',
      );
      start([patch('*** Begin Patch\n*** Update File: missing.txt\n@@\n-a\n+b\n*** End Patch'), say('done')]);
      const rejected = await agent(['exec', ...FULL, 'x']);
      check(
        'a rejected patch: the turn completes',
        rejected.events.at(-1)?.type === 'turn.completed',
        shape(rejected.events),
      );
      better(
        'a rejected patch is shown as failed',
        item(rejected.events, 'item.completed', 'file_change')?.status === 'failed',
        shape(rejected.events),
      );
    },
  },
  {
    name: 'json: plan',
    async run({ agent, check, start }) {
      const steps = (first, second) => [
        { step: 'look', status: first },
        { step: 'fix', status: second },
      ];
      start([plan(steps('in_progress', 'pending')), plan(steps('completed', 'in_progress')), say('done')]);
      const { events } = await agent(['exec', ...FULL, 'x']);
      check(
        'todo_list: started, updated, completed',
        ['item.started', 'item.updated', 'item.completed'].every((type) => item(events, type, 'todo_list')),
        shape(events),
      );
      const last = item(events, 'item.completed', 'todo_list');
      check(
        'items have text and completed',
        JSON.stringify(last?.items) ===
          JSON.stringify([
            { text: 'look', completed: true },
            { text: 'fix', completed: false },
          ]),
        last,
      );
      check(
        'one id',
        new Set(events.filter((one) => one.item?.type === 'todo_list').map((one) => one.item.id)).size === 1,
        '',
      );
      check(
        'completed before the turn ends',
        shape(events).indexOf('item.completed:todo_list') === events.length - 2,
        shape(events),
      );
    },
  },
  {
    name: 'json: error',
    async run({ agent, check, start }) {
      start([status(400, { error: { message: 'bad thing' } })]);
      const { code, events } = await agent(['exec', '--json', 'x']);
      check(
        'sequence',
        shape(events).join() === 'thread.started,turn.started,error,turn.failed',
        shape(events),
      );
      check(
        'error has the message, turn.failed the same in error',
        /bad thing/.test(events[2]?.message) && events[3]?.error?.message === events[2]?.message,
        events,
      );
      check('exit 1', code === 1, code);
    },
  },
  {
    name: 'json: retry',
    async run({ agent, check, start }) {
      start([cut(), say('second try')]);
      const { code, events } = await agent(['exec', '--json', 'x']);
      const notice = events.find((one) => one.type === 'error');
      check(
        'a retry is an error event with its count',
        /Reconnecting\.\.\. 1\/1/.test(notice?.message),
        events,
      );
      check('the turn completes', code === 0 && events.at(-1)?.type === 'turn.completed', shape(events));
      check(
        'the message comes once',
        shape(events).filter((one) => one === 'item.completed:agent_message').length === 1,
        shape(events),
      );
    },
  },
];
