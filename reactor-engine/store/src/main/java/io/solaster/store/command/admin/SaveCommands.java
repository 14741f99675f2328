package io.solaster.store.command.admin;

import java.util.concurrent.CompletableFuture;

import io.solaster.store.persist.KeptStats;
import io.solaster.store.persist.Persistence;
import io.solaster.store.shard.CommandCall;
import org.jspecify.annotations.Nullable;

/** The commands that write the keys to the disk. */
public final class SaveCommands {
    private static final String OFF = "ERR The store is in memory alone; set solaster.store.persistence.directory to keep"
            + " it";
    private static final String RUNNING = "ERR Background save already in progress";

    private SaveCommands() {}

    private static @Nullable Persistence persistence(CommandCall call) {
        Persistence persistence = call.shard().parts().persistence();
        if (persistence == null) {
            call.reply().error(OFF);
        }
        return persistence;
    }

    private static boolean isSaving(Persistence persistence) {
        return persistence.stats().stream().anyMatch(SaveCommands::isSaving);
    }

    private static boolean isSaving(KeptStats stats) {
        return stats.snapshotting.get() != 0;
    }

    /** Writes a snapshot of every shard, and answers when all are written. */
    public static void save(CommandCall call) {
        Persistence persistence = persistence(call);
        if (persistence == null) {
            return;
        }
        if (isSaving(persistence)) {
            call.reply().error(RUNNING);
            return;
        }
        CompletableFuture<String> end = persistence.snapshot()
                .handle((done, why) -> why == null ? "" : "ERR " + why.getMessage());
        call.later(end, (reply, error) -> {
            if (error.isEmpty()) {
                reply.ok();
            } else {
                reply.error(error);
            }
        });
    }

    /** Begins to write a snapshot of every shard. */
    public static void bgsave(CommandCall call) {
        for (int i = 1; i < call.count(); i++) {
            if (call.count() > 2 || !call.is(i, "schedule")) {
                call.reply().error("ERR syntax error");
                return;
            }
        }
        begin(call, "Background saving started", RUNNING);
    }

    /** The log is cut by snapshots: begins to write those. */
    public static void bgrewriteaof(CommandCall call) {
        begin(call, "Background append only file rewriting started",
                "ERR Background append only file rewriting already in progress");
    }

    private static void begin(CommandCall call, String begun, String running) {
        Persistence persistence = persistence(call);
        if (persistence == null) {
            return;
        }
        if (isSaving(persistence)) {
            call.reply().error(running);
            return;
        }
        persistence.snapshotUnheard();
        call.reply().simple(begun);
    }

    /** When all shards were written last. */
    public static void lastsave(CommandCall call) {
        Persistence persistence = call.shard().parts().persistence();
        call.reply().integer(
                (persistence == null ? call.shard().parts().startedAt() : persistence.lastSave()) / 1000);
    }
}
