// The table of a thread's background sessions.
import type { BackgroundSession, SessionTable } from '../protocol/tool.ts';

export class Sessions implements SessionTable {
  private readonly sessions = new Map<number, BackgroundSession>();
  private lastId = 0;

  nextId(): number {
    return ++this.lastId;
  }

  add(session: BackgroundSession): void {
    this.sessions.set(session.id, session);
  }

  get(id: number): BackgroundSession | undefined {
    return this.sessions.get(id);
  }

  remove(id: number): void {
    this.sessions.delete(id);
  }

  list(): readonly BackgroundSession[] {
    return [...this.sessions.values()];
  }

  /** Ends every session with its process tree, and its item. */
  async closeAll(): Promise<void> {
    await Promise.all(this.list().map((session) => session.close()));
    this.sessions.clear();
  }
}
