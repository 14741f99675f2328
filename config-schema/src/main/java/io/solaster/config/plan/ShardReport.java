package io.solaster.config.plan;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;

/**
 * What an engine is at, at one moment: what {@code /actuator/shards} answers with, and what the operator reads. Counts go
 * up from the start of the engine; times are in seconds. The shards are not stopped to be looked at, so that figures of
 * different shards may be a moment apart.
 *
 * @param engine the engine's name, unique in its process
 * @param state {@code healthy}, {@code degraded}, {@code draining} or {@code down}
 * @param problems why it is down; a sentence each
 * @param impairments why it is degraded; a sentence each
 * @param transport how sockets are served
 * @param transportReason what was tried and what came of it
 * @param plan where shards run, and why
 * @param shards the shards by number
 * @param groups the scheduling groups, summed over the shards
 * @param servers the servers that should be there, bound or not
 * @param configuration which files are in force; null where nothing reads them again
 */
public record ShardReport(String engine, String state, List<String> problems, List<String> impairments,
        String transport, String transportReason, Plan plan, List<Shard> shards, List<Group> groups,
        List<Server> servers, @Nullable Configuration configuration) {

    public ShardReport {
        problems = List.copyOf(problems);
        impairments = List.copyOf(impairments);
        shards = List.copyOf(shards);
        groups = List.copyOf(groups);
        servers = List.copyOf(servers);
    }

    /**
     * Which configuration the process goes by: what came of the last time that its files were read.
     *
     * @param state {@code unchanged} since the start, {@code applied}; or why what the files say is not in force:
     *            {@code invalid}, {@code needs-restart}, {@code unreadable}
     * @param at when that was; null before the first time after the start
     * @param problems why it is not in force, a sentence each
     * @param files what was read then: each file's path with its {@link Fingerprint}
     */
    public record Configuration(String state, @Nullable Instant at, List<String> problems,
            Map<String, String> files) {
        public Configuration {
            problems = List.copyOf(problems);
            files = Map.copyOf(files);
        }
    }

    /**
     * Where shards run.
     *
     * @param pinned whether each shard's thread is bound to its CPU
     * @param spin whether a shard looks for work for a while before it sleeps
     * @param housekeeping CPUs for everything that is no shard, as Linux writes them; empty where there are none
     * @param reasons a sentence for each decision
     */
    public record Plan(boolean pinned, boolean spin, String housekeeping, List<String> reasons) {
        public Plan {
            reasons = List.copyOf(reasons);
        }
    }

    /**
     * One shard.
     *
     * @param id the shard's number, from 0
     * @param cpu the CPU it is meant for
     * @param numaNode the NUMA node of that CPU
     * @param state {@code running}, {@code stuck} (at one piece of work for a second or more), or {@code stopped}
     * @param atWorkSeconds for how long it has been at its present piece of work; 0 while it sleeps
     * @param utilization part of the time, over the last second or so, that it had something to do, from 0 to 1
     * @param cpuSeconds CPU time of its thread
     * @param stealSeconds time that it was ready to run and its CPU did something else
     * @param turns turns of its loop
     * @param tasks tasks run, of all groups
     * @param pending tasks that wait for their turn
     * @param connections connections that are open
     * @param accepted connections taken over
     * @param messagesSent messages sent to other shards
     * @param messagesReceived messages received from other shards
     * @param stalls tasks that held it for longer than the stall threshold
     * @param longestStallSeconds the longest of them
     */
    public record Shard(int id, int cpu, int numaNode, String state, double atWorkSeconds, double utilization,
            double cpuSeconds, double stealSeconds, long turns, long tasks, long pending, long connections,
            long accepted, long messagesSent, long messagesReceived, long stalls, double longestStallSeconds) {}

    /**
     * One shard in full: what {@code /actuator/shards/{id}} answers with.
     *
     * @param shard its figures
     * @param groups the scheduling groups on this shard alone
     * @param connections open connections by server
     * @param ports the ports that it has for itself, by server
     * @param messagesTo messages sent so far, by the number of the shard that they went to
     * @param queuedTo messages under way, by the number of the shard that they go to
     * @param stalls the last few, latest first
     */
    public record Detail(Shard shard, List<Group> groups, Map<String, Long> connections,
            @Nullable Map<String, Integer> ports, List<Long> messagesTo,
            List<Integer> queuedTo, List<Stall> stalls) {
        public Detail {
            groups = List.copyOf(groups);
            connections = Map.copyOf(connections);
            ports = ports == null ? null : Map.copyOf(ports);
            messagesTo = List.copyOf(messagesTo);
            queuedTo = List.copyOf(queuedTo);
            stalls = List.copyOf(stalls);
        }
    }

    /**
     * One scheduling group.
     *
     * @param name its name
     * @param shares its part of the time, relative to that of others which want some too
     * @param runtimeSeconds time that its tasks ran
     * @param starveSeconds time that it had work while others ran
     * @param waitSeconds time that it had none
     * @param tasks tasks run
     * @param queued tasks that are queued
     * @param rejected tasks refused because as many were queued as may be
     * @param quotaViolations times that it ran for more than twice the task quota without a break
     */
    public record Group(String name, int shares, double runtimeSeconds, double starveSeconds, double waitSeconds,
            long tasks, long queued, long rejected, long quotaViolations) {}

    /**
     * One server.
     *
     * @param name the key below {@code solaster.servers}
     * @param protocol what it speaks
     * @param host the address that it is bound to
     * @param port the port, or the one configured where it is not bound
     * @param shardPorts the first of the ports that shards have for themselves, where the shard's number is added to it; left out
     *            where they have none
     * @param group the scheduling group that its connections run in
     * @param state {@code listening}, {@code draining}, or {@code closed}
     * @param connections connections that are open
     * @param accepted connections accepted
     * @param refused connections refused because there were as many as allowed
     * @param requests requests answered, those that failed included; 0 for a protocol that does not count them
     * @param failed requests answered with an error
     * @param drainedShards shards that take no more of its connections while others do
     * @param latencies how long its requests took: how many fell into each bucket that has any, by the bucket's upper
     *            bound in nanoseconds, in order; a length is known to an eighth. Left out by those that do not count
     */
    public record Server(String name, String protocol, String host, int port,
            @Nullable Integer shardPorts, String group, String state,
            long connections, long accepted, long refused, long requests, long failed, List<Integer> drainedShards,
            @Nullable Map<Long, Long> latencies) {
        public Server {
            drainedShards = List.copyOf(drainedShards);
            latencies = latencies == null ? null : Collections.unmodifiableMap(new TreeMap<>(latencies));
        }
    }

    /**
     * A task that held a shard for longer than the stall threshold.
     *
     * @param at when it was found
     * @param group the scheduling group of the task; null where it is the sockets' or the loop's own work
     * @param seconds how long it took, or has taken so far
     * @param ended whether it is over
     * @param stack where the shard was when that was last looked at; null where the task had ended by then
     */
    public record Stall(Instant at, @Nullable String group, double seconds, boolean ended, @Nullable String stack) {}
}
