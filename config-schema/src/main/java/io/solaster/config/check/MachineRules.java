package io.solaster.config.check;

import static io.solaster.config.check.ConfigTree.entryKey;
import static io.solaster.config.plan.Wording.count;

import java.util.Map;

import io.solaster.config.EngineConfig;
import io.solaster.config.SolasterConfig;
import io.solaster.config.WebConfig;
import io.solaster.config.plan.Jvm;
import io.solaster.config.plan.Machine;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;

/** What a machine, or the container on it, must have for a configuration. For one thread. */
final class MachineRules {
    /** Jars, logs, Actuator's connections. */
    private static final int FILES_OF_A_PROCESS = 128;
    /** What it waits with. */
    private static final int FILES_OF_A_SHARD = 4;
    private static final ByteSize RING = ByteSize.valueOf("1MB");
    /** Classes, compiled code, collector, threads. */
    private static final ByteSize PROCESS = ByteSize.valueOf("96MB");
    /** Stack, pooled buffers, an empty part of the store. */
    private static final ByteSize SHARD = ByteSize.valueOf("8MB");

    private final Findings findings;
    private final SolasterConfig config;
    private final Machine machine;
    private final int shards;

    /** @param shards how many run there */
    MachineRules(Findings findings, SolasterConfig config, Machine machine, int shards) {
        this.findings = findings;
        this.config = config;
        this.machine = machine;
        this.shards = shards;
    }

    void check(Jvm jvm) {
        openFiles();
        lockedMemory(jvm);
        memory(jvm);
    }

    /** Sockets of clients, and what the process needs beside them. */
    private void openFiles() {
        int servers = config.servers().size();
        long clients = 0;
        String key = "";
        long most = 0;
        for (Map.Entry<String, ServerConfig> server : config.servers().entrySet()) {
            int connections = server.getValue().limits().maxConnections();
            clients += connections;
            if (connections > most) {
                most = connections;
                key = entryKey("solaster.servers", server.getKey()) + ".limits.max-connections";
            }
        }
        if (config.web().server() == WebConfig.Server.SOLASTER) {
            servers++;
            clients += config.web().maxConnections();
            if (config.web().maxConnections() > most) {
                most = config.web().maxConnections();
                key = "solaster.web.max-connections";
            }
        }
        long others = FILES_OF_A_PROCESS + (long) shards * (FILES_OF_A_SHARD + servers + config.udp().size())
                + config.pools().values().stream().mapToLong(pool -> pool.connections().max()).sum();
        long needed = clients + others;
        if (needed > machine.openFiles() && servers > 0) {
            long room = most - (needed - machine.openFiles());
            findings.warn(key, String.valueOf(most),
                    clients + " clients" + (servers == 1 ? "" : " of all servers") + " and " + others
                            + " files of the process are more than the " + machine.openFiles() + " open files allowed",
                    "raise the limit (ulimit -n " + needed + ")" + (room < 1 ? "" : ", or write " + room));
        }
    }

    private void lockedMemory(Jvm jvm) {
        long needed = shards * RING.bytes();
        if (config.engine().transport() == EngineConfig.Transport.IO_URING && jvm.locksRings()
                && machine.memlock() < needed) {
            findings.warn("solaster.engine.transport", "io_uring",
                    "the rings of " + count(shards, "shard") + " take about " + new ByteSize(needed)
                            + " of locked memory, " + new ByteSize(machine.memlock()) + " are allowed",
                    "raise the limit (ulimit -l " + needed / 1024 + "), or write 'auto'");
        }
    }

    /** Keys, buffers and threads live beside the heap. */
    private void memory(Jvm jvm) {
        if (machine.memoryLimit().isEmpty()) {
            return;
        }
        long limit = machine.memoryLimit().getAsLong();
        long left = Math.max(0, limit - jvm.maxHeap());
        long least = PROCESS.bytes() + shards * SHARD.bytes();
        if (left < least) {
            findings.warn("solaster.engine", "", "the heap may take " + round(jvm.maxHeap()) + " of the " + round(limit)
                    + " that this container has, and " + count(shards, "shard") + " with the JVM itself need about "
                    + round(least) + " beside it",
                    limit > least
                            ? "give the JVM -Xmx" + (limit - least >> 20) + "m or less, or the container more memory"
                            : "give the container more memory");
        }
        config.servers().forEach((name, server) -> {
            String key = entryKey("solaster.servers", name) + ".limits.";
            fits(key + "max-bulk", server.limits().maxBulk(), "one argument", left);
            fits(key + "output-buffer", server.limits().outputBuffer(), "what one client has not read", left);
        });
    }

    private void fits(String key, ByteSize size, String what, long left) {
        if (size.bytes() > left) {
            findings.warn(key, size.toString(),
                    what + " may be " + size + ", and this container has " + round(left) + " beside the heap",
                    "write " + Math.max(1, left >> 22) + "MB or less, or give the container more memory");
        }
    }

    /** In whole megabytes. */
    private static String round(long bytes) {
        return (bytes >> 20) + "MB";
    }
}
