package io.solaster.store.command.admin;

import java.util.List;
import java.util.function.ToLongFunction;

import io.solaster.log.LogStats;
import io.solaster.store.persist.KeptStats;
import io.solaster.store.persist.Persistence;
import org.jspecify.annotations.Nullable;

/** The section of {@code INFO} that says how the keys are kept: snapshots are what Redis calls RDB, the log is its AOF. */
final class PersistenceInfo {
    private PersistenceInfo() {}

    /** The port opens when all keys are there, so nothing is loading. */
    static void write(StringBuilder out, @Nullable Persistence persistence, long startedAt) {
        line(out, "loading", 0);
        line(out, "async_loading", 0);
        if (persistence == null) {
            line(out, "rdb_changes_since_last_save", 0);
            line(out, "rdb_bgsave_in_progress", 0);
            line(out, "rdb_last_save_time", startedAt / 1000);
            line(out, "rdb_last_bgsave_status", "ok");
            line(out, "aof_enabled", 0);
            line(out, "aof_rewrite_in_progress", 0);
            return;
        }
        List<KeptStats> shards = persistence.stats();
        List<LogStats> logs = persistence.logStats();
        boolean running = sum(shards, each -> each.snapshotting.get()) > 0;
        boolean failed = sum(shards, each -> each.lastSnapshotFailed.get()) > 0;
        long snapshots = sum(shards, each -> each.snapshots.get());
        long seconds = shards.stream().mapToLong(each -> each.lastSnapshotMillis.get()).max().orElse(0) / 1000;
        long fsync = persistence.failure() != null || persistence.noRoom() != null ? 1 : 0;
        line(out, "rdb_changes_since_last_save", sum(logs, each -> each.records.get())
                - sum(shards, each -> each.recordsAtSnapshot.get()));
        line(out, "rdb_bgsave_in_progress", running ? 1 : 0);
        line(out, "rdb_last_save_time", persistence.lastSave() / 1000);
        line(out, "rdb_last_bgsave_status", failed ? "err" : "ok");
        line(out, "rdb_last_bgsave_time_sec", snapshots == 0 ? -1 : seconds);
        line(out, "rdb_current_bgsave_time_sec", -1);
        line(out, "rdb_saves", snapshots);
        line(out, "rdb_last_cow_size", 0);
        line(out, "aof_enabled", 1);
        line(out, "aof_rewrite_in_progress", running ? 1 : 0);
        line(out, "aof_rewrite_scheduled", 0);
        line(out, "aof_last_rewrite_time_sec", snapshots == 0 ? -1 : seconds);
        line(out, "aof_current_rewrite_time_sec", -1);
        line(out, "aof_last_bgrewrite_status", failed ? "err" : "ok");
        line(out, "aof_rewrites", snapshots);
        line(out, "aof_last_write_status", fsync == 0 ? "ok" : "err");
        line(out, "aof_last_cow_size", 0);
        line(out, "aof_current_size", sum(logs, each -> each.diskBytes.get()));
        line(out, "aof_base_size", sum(shards, each -> each.snapshotBytes.get()));
        line(out, "aof_pending_rewrite", 0);
        line(out, "aof_buffer_length", sum(logs, each -> each.unwritten.get()));
        line(out, "aof_pending_bio_fsync", logs.stream().filter(each -> each.unsynced.get() > 0).count());
        line(out, "aof_delayed_fsync", 0);
    }

    private static <T> long sum(List<T> shards, ToLongFunction<T> value) {
        return shards.stream().mapToLong(value).sum();
    }

    private static void line(StringBuilder out, String name, Object value) {
        out.append(name).append(':').append(value).append("\r\n");
    }
}
