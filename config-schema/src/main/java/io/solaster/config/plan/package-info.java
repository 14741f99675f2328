/**
 * Which shard runs on which CPU: what a machine has to give, the planner that places shards on it, the plan, and the
 * report that a process gives of what became of it. The process and the operator ask the same planner, so plan and
 * reality never drift. All of it is pure code without state: any thread.
 */
@NullMarked
package io.solaster.config.plan;

import org.jspecify.annotations.NullMarked;
