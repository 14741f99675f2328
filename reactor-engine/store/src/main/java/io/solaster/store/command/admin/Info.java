package io.solaster.store.command.admin;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.Engine;
import io.solaster.engine.transport.TransportChoice;
import io.solaster.store.script.ScriptCommands;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.MemorySettings;
import io.solaster.store.shard.Parts;
import io.solaster.store.shard.ServerSettings;
import io.solaster.store.shard.StoreReport;
import io.solaster.store.shard.StoreReport.Item;
import org.jspecify.annotations.Nullable;

/** {@code INFO}: what each shard counts, gathered on the shards, and what the system says, read off the shards. */
public final class Info {
    /** The server whose behaviour ours is. */
    static final String REDIS_VERSION = "7.0.15";
    private static final List<String> DEFAULT = List.of("server", "clients", "memory", "persistence", "stats",
            "replication", "cpu", "modules", "errorstats", "cluster", "keyspace");
    private static final List<String> ALL = List.of("server", "clients", "memory", "persistence", "stats",
            "replication", "cpu", "errorstats", "commandstats", "latencystats", "cluster", "keyspace", "shards");
    private static final List<String> EVERYTHING = List.of("server", "clients", "memory", "persistence", "stats",
            "replication", "cpu", "modules", "errorstats", "commandstats", "latencystats", "cluster", "keyspace",
            "shards");
    private static final String VERSION = version();

    private Info() {}

    public static void info(CommandCall call) {
        Set<String> sections = sections(call);
        Parts parts = call.shard().parts();
        // A script has no client: what is its server's is left out.
        ServerSettings settings = call.hasClient() ? call.client().settings() : null;
        int port = call.hasClient() ? call.client().localPort() : 0;
        call.later(parts.sharded().onAll(StoreReport::of).thenCombine(parts.engine().offload().call(SystemReport::read),
                (shards, system) -> text(sections, parts, settings, port, shards, system)),
                (reply, text) -> reply.verbatim("txt", text));
    }

    private static Set<String> sections(CommandCall call) {
        Set<String> sections = new LinkedHashSet<>();
        for (int i = 1; i < call.count(); i++) {
            String section = call.text(i).toLowerCase(Locale.ROOT);
            switch (section) {
                case "default" -> sections.addAll(DEFAULT);
                case "all" -> sections.addAll(ALL);
                case "everything" -> sections.addAll(EVERYTHING);
                default -> sections.add(section);
            }
        }
        return call.count() == 1 ? new LinkedHashSet<>(DEFAULT) : sections;
    }

    private static String text(Set<String> sections, Parts parts, @Nullable ServerSettings settings, int port,
            List<StoreReport> shards,
            SystemReport system) {
        StoreReport sum = StoreReport.sum(shards);
        List<String> texts = new ArrayList<>();
        for (String section : EVERYTHING) {
            if (sections.contains(section)) {
                StringBuilder out = new StringBuilder();
                String title = section.equals("cpu")
                        ? "CPU"
                        : section.substring(0, 1).toUpperCase(Locale.ROOT) + section.substring(1);
                out.append("# ").append(title).append("\r\n");
                switch (section) {
                    case "server" -> server(out, parts, port);
                    case "clients" -> clients(out, settings, sum);
                    case "memory" -> memory(out, parts, sum, system);
                    case "persistence" -> PersistenceInfo.write(out, parts.persistence(), parts.startedAt());
                    case "stats" -> stats(out, sum);
                    case "replication" -> replication(out, parts);
                    case "cpu" -> cpu(out, system);
                    case "errorstats" -> errors(out, sum);
                    case "commandstats" -> commands(out, parts, sum);
                    case "latencystats" -> latencies(out, parts, sum);
                    case "cluster" -> line(out, "cluster_enabled", parts.ownership() == null ? 0 : 1);
                    case "keyspace" -> keyspace(out, sum);
                    case "shards" -> shards(out, shards);
                    default -> {
                    }
                }
                texts.add(out.toString());
            }
        }
        return String.join("\r\n", texts);
    }

    private static StringBuilder line(StringBuilder out, String name, Object value) {
        return out.append(name).append(':').append(value).append("\r\n");
    }

    private static void server(StringBuilder out, Parts parts, int port) {
        Engine engine = parts.engine();
        long now = engine.environment().wallClock().millis();
        long uptime = (now - parts.startedAt()) / 1000;
        line(out, "redis_version", REDIS_VERSION);
        line(out, "solaster_version", VERSION);
        line(out, "redis_mode", "standalone");
        line(out, "os", System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                + System.getProperty("os.arch"));
        line(out, "arch_bits", 64);
        line(out, "multiplexing_api", TransportChoice.label(engine.transport().kind()));
        line(out, "java_version", Runtime.version());
        line(out, "process_id", ProcessHandle.current().pid());
        line(out, "run_id", parts.runId());
        if (port > 0) {
            line(out, "tcp_port", port);
        }
        line(out, "server_time_usec", now * 1000);
        line(out, "uptime_in_seconds", uptime);
        line(out, "uptime_in_days", uptime / 86_400);
        line(out, "redis_git_sha1", "00000000");
        line(out, "redis_git_dirty", 0);
        line(out, "redis_build_id", VERSION);
        line(out, "hz", 10);
        line(out, "io_threads_active", parts.count() > 1 ? 1 : 0);
        line(out, "shards", parts.count());
        line(out, "shards_pinned", engine.plan().pinned() ? 1 : 0);
    }

    private static void clients(StringBuilder out, @Nullable ServerSettings settings, StoreReport sum) {
        line(out, "connected_clients", sum.get(Item.CLIENTS));
        line(out, "client_recent_max_input_buffer", sum.get(Item.MOST_INPUT));
        line(out, "client_recent_max_output_buffer", sum.get(Item.MOST_OUTPUT));
        line(out, "cluster_connections", 0);
        if (settings != null) {
            line(out, "maxclients", settings.limits().maxConnections());
        }
        line(out, "blocked_clients", sum.get(Item.BLOCKED));
        line(out, "tracking_clients", sum.get(Item.TRACKING));
    }

    private static void memory(StringBuilder out, Parts parts, StoreReport sum, SystemReport system) {
        MemorySettings settings = parts.memory();
        long used = sum.get(Item.USED_MEMORY) + system.heap() + system.buffers();
        size(out, "used_memory", used);
        size(out, "used_memory_rss", system.resident());
        size(out, "used_memory_rss_peak", system.residentPeak());
        line(out, "used_memory_keyspace", sum.get(Item.USED_MEMORY));
        line(out, "used_memory_entries", sum.get(Item.LIVE_MEMORY));
        line(out, "used_memory_heap", system.heap());
        line(out, "used_memory_heap_committed", system.heapCommitted());
        line(out, "used_memory_buffers", system.buffers());
        size(out, "total_system_memory", system.total());
        size(out, "maxmemory", settings.limit());
        size(out, "used_memory_lua", ScriptCommands.memory(parts));
        line(out, "used_memory_vm_eval", ScriptCommands.memory(parts));
        line(out, "used_memory_scripts_eval", ScriptCommands.cachedBytes(parts));
        line(out, "number_of_cached_scripts", ScriptCommands.cached(parts));
        line(out, "maxmemory_policy", settings.eviction());
        line(out, "mem_fragmentation_ratio",
                String.format(Locale.ROOT, "%.2f", (double) system.resident() / Math.max(1, used)));
        line(out, "mem_fragmentation_bytes", system.resident() - used);
        line(out, "mem_clients_normal", sum.get(Item.CLIENT_BYTES));
        line(out, "mem_clients_slaves", 0);
        line(out, "mem_aof_buffer", 0);
        line(out, "mem_replication_backlog", 0);
        line(out, "used_memory_dataset", sum.get(Item.LIVE_MEMORY));
        line(out, "used_memory_overhead", used - sum.get(Item.LIVE_MEMORY));
        line(out, "active_defrag_running", 0);
        line(out, "mem_allocator", "solaster");
    }

    private static void size(StringBuilder out, String name, long bytes) {
        line(out, name, bytes);
        String unit = bytes < 1024 ? "" : bytes < 1 << 20 ? "K" : bytes < 1 << 30 ? "M" : "G";
        double scale = switch (unit) {
            case "K" -> 1 << 10;
            case "M" -> 1 << 20;
            case "G" -> 1 << 30;
            default -> 1;
        };
        line(out, name + "_human",
                unit.isEmpty() ? bytes + "B" : String.format(Locale.ROOT, "%.2f", bytes / scale) + unit);
    }

    private static void stats(StringBuilder out, StoreReport sum) {
        line(out, "total_connections_received", sum.get(Item.CONNECTIONS));
        line(out, "total_commands_processed", sum.get(Item.COMMANDS));
        line(out, "instantaneous_ops_per_sec", sum.get(Item.COMMANDS_PER_SECOND));
        line(out, "total_net_input_bytes", sum.get(Item.BYTES_IN));
        line(out, "total_net_output_bytes", sum.get(Item.BYTES_OUT));
        line(out, "rejected_connections", sum.get(Item.REFUSED));
        line(out, "sync_full", 0);
        line(out, "sync_partial_ok", 0);
        line(out, "sync_partial_err", 0);
        line(out, "expired_keys", sum.get(Item.EXPIRED));
        line(out, "evicted_keys", sum.get(Item.EVICTED));
        line(out, "evicted_clients", 0);
        line(out, "latest_fork_usec", 0);
        line(out, "total_forks", 0);
        line(out, "keyspace_hits", sum.get(Item.HITS));
        line(out, "keyspace_misses", sum.get(Item.MISSES));
        line(out, "pubsub_channels", sum.get(Item.CHANNELS));
        line(out, "pubsub_patterns", sum.get(Item.PATTERNS));
        line(out, "pubsubshard_channels", sum.get(Item.SHARD_CHANNELS));
        line(out, "tracking_total_keys", sum.get(Item.TRACKED_KEYS));
        line(out, "tracking_total_items", sum.get(Item.TRACKED_ITEMS));
        line(out, "tracking_total_prefixes", sum.get(Item.TRACKED_PREFIXES));
        line(out, "total_error_replies", sum.get(Item.ERRORS));
        line(out, "total_foreign_commands", sum.get(Item.FOREIGN));
        line(out, "protocol_errors", sum.get(Item.PROTOCOL_ERRORS));
        line(out, "client_output_buffer_limit_disconnections", sum.get(Item.OUTPUT_OVERFLOWS));
        line(out, "client_idle_disconnections", sum.get(Item.IDLE_TIMEOUTS));
        line(out, "internal_errors", sum.get(Item.FAILURES));
    }

    /** There is no replication: it is a master without replicas, and nothing is kept for any. */
    private static void replication(StringBuilder out, Parts parts) {
        line(out, "role", "master");
        line(out, "connected_slaves", 0);
        line(out, "master_failover_state", "no-failover");
        line(out, "master_replid", parts.runId());
        line(out, "master_replid2", "0".repeat(40));
        line(out, "master_repl_offset", 0);
        line(out, "second_repl_offset", -1);
        line(out, "repl_backlog_active", 0);
        line(out, "repl_backlog_size", 0);
        line(out, "repl_backlog_first_byte_offset", 0);
        line(out, "repl_backlog_histlen", 0);
    }

    private static void cpu(StringBuilder out, SystemReport system) {
        line(out, "used_cpu_sys", String.format(Locale.ROOT, "%.6f", system.systemSeconds()));
        line(out, "used_cpu_user", String.format(Locale.ROOT, "%.6f", system.userSeconds()));
        line(out, "used_cpu_sys_children", "0.000000");
        line(out, "used_cpu_user_children", "0.000000");
    }

    private static void errors(StringBuilder out, StoreReport sum) {
        sum.errors().forEach((code, count) -> {
            if (count > 0) {
                line(out, "errorstat_" + code, "count=" + count);
            }
        });
    }

    private static void commands(StringBuilder out, Parts parts, StoreReport sum) {
        for (Command command : parts.commands().all()) {
            if (sum.commands().any(command)) {
                line(out, "cmdstat_" + command.name(), sum.commands().describe(command));
            }
        }
    }

    /** Of calls that were timed, to the power of two of microseconds that they did not exceed. */
    private static void latencies(StringBuilder out, Parts parts, StoreReport sum) {
        for (Command command : parts.commands().all()) {
            long[] times = sum.commands().times(command);
            long all = 0;
            for (long each : times) {
                all += each;
            }
            if (all > 0) {
                line(out, "latency_percentiles_usec_" + command.name(), "p50=" + percentile(times, all, 50) + ",p99="
                        + percentile(times, all, 99) + ",p99.9=" + percentile(times, all, 99.9));
            }
        }
    }

    private static String percentile(long[] times, long all, double percent) {
        long wanted = (long) Math.ceil(all * percent / 100);
        long seen = 0;
        int at = 0;
        while (at < times.length - 1 && seen + times[at] < wanted) {
            seen += times[at++];
        }
        return (1L << at) + ".000";
    }

    private static void keyspace(StringBuilder out, StoreReport sum) {
        for (int i = 0; i < sum.databases(); i++) {
            if (sum.keys(i) > 0) {
                line(out, "db" + i, "keys=" + sum.keys(i) + ",expires=" + sum.expiring(i) + ",avg_ttl=0");
            }
        }
    }

    private static void shards(StringBuilder out, List<StoreReport> shards) {
        for (int i = 0; i < shards.size(); i++) {
            StoreReport shard = shards.get(i);
            line(out, "shard" + i, "clients=" + shard.get(Item.CLIENTS) + ",keys=" + shard.get(Item.KEYS) + ",memory="
                    + shard.get(Item.USED_MEMORY) + ",commands=" + shard.get(Item.COMMANDS) + ",foreign="
                    + shard.get(Item.FOREIGN) + ",cpu_ms="
                    + TimeUnit.NANOSECONDS.toMillis(shard.get(Item.CPU_NANOS)));
        }
    }

    private static String version() {
        String version = Info.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
