/**
 * A cluster in one process, drawn from a seed: machines that each run an engine, the network between them, time and
 * chance. {@link io.solaster.testkit.sim.Simulation} is what tests call, on the thread that called
 * {@code Simulation.run}; the rest is reached from there.
 *
 * <p>
 * One thing runs at a time. Each shard has its real thread, and so has whatever else an engine starts; but a thread runs
 * only while it holds the baton. A shard gives it back where it would wait for sockets, once each turn; other threads
 * where they wait. Whoever gives the baton back draws by the seed who has it next, among all that could go on; where
 * nobody could, time jumps to what happens next. One thread that drives the turns of all shards would promise the same,
 * but {@code Thread.currentThread}, thread-locals, virtual threads and {@code inEventLoop} would have to be told which
 * shard it is; with the baton they are right by themselves, and the price is a change of threads where the next turn is
 * another's.
 *
 * <p>
 * The same seed gives the same run, as long as what runs takes time, chance and threads from its
 * {@link io.solaster.engine.env.Environment} and depends on nothing that another process would do otherwise: the order of
 * sets by identity, of {@code Set.of} and {@code Map.of}, threads of its own, sleeps of the JDK's. Holds more than 20
 * files because a transport of Netty's takes a handler, three channels and their options, and who runs next is not to be seen
 * from outside.
 */
@NullMarked
package io.solaster.testkit.sim;

import org.jspecify.annotations.NullMarked;
