package io.solaster.store.command.value;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.rdb.ValueWorks;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import org.jspecify.annotations.Nullable;

/** {@code RESTORE}: makes a key of what {@code DUMP} has answered, here or in Redis. */
public final class RestoreCommands {
    /** Shorter ones take no longer than a turn has. */
    private static final int LONG = 64 << 10;

    /** In several turns, where the value is large; nobody sees the key meanwhile. */
    public static final Spread RESTORE = new Spread() {
        @Override
        public boolean isLong(CommandCall call) {
            return call.count() > 3 && call.length(3) >= LONG;
        }

        @Override
        public void run(CommandCall call, Values values, int hop) {
            ValueWorks works = call.shard().values();
            long number = call.cursor();
            Restoring work;
            if (number == 0) {
                work = new Restoring();
                String error = work.begin(call);
                if (error != null) {
                    work.close();
                    values.error(error);
                    return;
                }
                number = works.add(work);
            } else {
                work = (Restoring) works.get(number);
            }
            boolean goesOn = false;
            try {
                while (work.step(call)) {
                    if (call.isToYield()) {
                        goesOn = true;
                        call.goOn(number);
                        return;
                    }
                }
                String error = work.error();
                if (error != null) {
                    values.error(error);
                }
            } finally {
                if (!goesOn) {
                    works.end(number);
                }
            }
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            reply.ok();
            return true;
        }
    };

    private RestoreCommands() {}

    /** In one turn: a short one, or where it is a step of something else. */
    public static void restore(CommandCall call) {
        @Nullable
        String error;
        try (Restoring work = new Restoring()) {
            error = work.begin(call);
            if (error == null) {
                while (work.step(call)) {
                    // It is short.
                }
                error = work.error();
            }
        }
        if (error == null) {
            call.reply().ok();
        } else {
            call.reply().error(error);
        }
    }
}
