package io.solaster.store.command.admin;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.MemorySettings;
import io.solaster.store.shard.Parts;
import io.solaster.store.shard.StoreReport;
import io.solaster.store.shard.StoreReport.Item;

/** What {@code MEMORY} says of all keys and of the process. */
public final class MemoryCommands {
    /** So much of the keyspaces may be gaps before that is worth a word. */
    private static final double MUCH_UNUSED = 1.5;
    private static final long WORTH_A_WORD = 64L << 20;

    private MemoryCommands() {}

    private static void report(CommandCall call, BiConsumer<ReplyWriter, Report> answer) {
        Parts parts = call.shard().parts();
        call.later(parts.sharded().onAll(StoreReport::of).thenCombine(parts.engine().offload().call(SystemReport::read),
                Report::new), answer);
    }

    /** What all shards say, and the system. */
    private record Report(List<StoreReport> shards, SystemReport system) {
        StoreReport sum() {
            return StoreReport.sum(shards);
        }
    }

    public static void stats(CommandCall call) {
        report(call, (reply, report) -> {
            StoreReport sum = report.sum();
            SystemReport system = report.system();
            long keys = sum.get(Item.KEYS);
            long dataset = sum.get(Item.LIVE_MEMORY);
            long total = sum.get(Item.USED_MEMORY) + system.heap() + system.buffers();
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("total.allocated", total);
            values.put("clients.normal", sum.get(Item.CLIENT_BYTES));
            values.put("clients.slaves", 0L);
            values.put("replication.backlog", 0L);
            values.put("heap.allocated", system.heap());
            values.put("buffers.allocated", system.buffers());
            values.put("keyspace.allocated", sum.get(Item.USED_MEMORY));
            values.put("overhead.total", total - dataset);
            values.put("keys.count", keys);
            values.put("keys.bytes-per-key", keys == 0 ? 0L : dataset / keys);
            values.put("dataset.bytes", dataset);
            values.put("dataset.percentage", 100.0 * dataset / Math.max(1, total));
            values.put("allocator.resident", system.resident());
            values.put("fragmentation", (double) system.resident() / Math.max(1, total));
            values.put("fragmentation.bytes", system.resident() - total);
            reply.mapHeader(values.size());
            values.forEach((name, value) -> {
                reply.bulk(name);
                if (value instanceof Long number) {
                    reply.integer(number);
                } else {
                    reply.doubleValue((Double) value);
                }
            });
        });
    }

    public static void doctor(CommandCall call) {
        MemorySettings settings = call.shard().parts().memory();
        report(call, (reply, report) -> reply.verbatim("txt", diagnosis(report.sum(), settings)));
    }

    private static String diagnosis(StoreReport sum, MemorySettings settings) {
        StringBuilder text = new StringBuilder();
        long held = sum.get(Item.USED_MEMORY);
        long live = sum.get(Item.LIVE_MEMORY);
        if (held > WORTH_A_WORD && held > live * MUCH_UNUSED) {
            text.append("- The keyspaces hold ").append(held).append(" bytes for entries of ").append(live)
                    .append(". Gaps are closed, and memory is given back, little by little; MEMORY PURGE has that begin.\n");
        }
        if (sum.get(Item.CLIENT_BYTES) > WORTH_A_WORD) {
            text.append("- Clients take ").append(sum.get(Item.CLIENT_BYTES))
                    .append(" bytes: CLIENT LIST says which leave their replies unread (omem).\n");
        }
        if (settings.limit() > 0 && held >= settings.limit()) {
            text.append("- The keys take all of maxmemory (").append(settings.limit()).append(" bytes): with ")
                    .append(settings.eviction()).append(".\n");
        }
        return text.isEmpty() ? "Nothing is wrong with the memory.\n" : text.toString();
    }

    public static void purge(CommandCall call) {
        call.later(call.shard().parts().sharded().onAll(part -> {
            part.keyspace().trim();
            return true;
        }), (reply, done) -> reply.ok());
    }

    public static void mallocStats(CommandCall call) {
        report(call, (reply, report) -> {
            StringBuilder text = new StringBuilder(
                    "The keyspaces' memory is taken from the system in large blocks, by shard:\n");
            for (int i = 0; i < report.shards().size(); i++) {
                StoreReport shard = report.shards().get(i);
                text.append("shard ").append(i).append(": ").append(shard.get(Item.USED_MEMORY))
                        .append(" bytes taken, ")
                        .append(shard.get(Item.LIVE_MEMORY)).append(" in use\n");
            }
            text.append("heap: ").append(report.system().heapCommitted()).append(" bytes taken, ")
                    .append(report.system().heap()).append(" in use\nbuffers: ").append(report.system().buffers())
                    .append(" bytes in use\n");
            reply.verbatim("txt", text.toString());
        });
    }
}
