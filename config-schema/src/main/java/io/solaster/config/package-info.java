/**
 * The ground of Solaster: configuration records, the topology of a machine, and the planner that says which shard runs
 * on which CPU. The process and the operator ask the same code, so plan and reality never drift.
 */
@NullMarked
package io.solaster.config;

import org.jspecify.annotations.NullMarked;
