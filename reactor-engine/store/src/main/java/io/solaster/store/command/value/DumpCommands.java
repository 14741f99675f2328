package io.solaster.store.command.value;

import java.nio.charset.StandardCharsets;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.rdb.Dump;
import io.solaster.store.rdb.Pieces;
import io.solaster.store.rdb.ValueWorks;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;

/** {@code DUMP}: a value in the form that Redis's files have. */
public final class DumpCommands {
    private static final String TOO_LONG = "ERR the dump is larger than client-output-buffer-limit";
    private static final byte[] CRLF = {'\r', '\n'};

    /** In several turns, where the value is large; while it is written, nobody changes the key. */
    public static final Spread DUMP = new Spread() {
        @Override
        public boolean isLong(CommandCall call) {
            // Nobody knows before how large it is.
            return true;
        }

        @Override
        public void run(CommandCall call, Values values, int hop) {
            Keyspace keys = call.keyspace();
            ValueWorks works = call.shard().values();
            boolean begins = call.cursor() == 0;
            long entry = begins ? call.read(1) : keys.peek(call.address(1), call.length(1), call.now());
            long number = call.cursor();
            boolean goesOn = false;
            try {
                if (entry == 0) {
                    // It may be gone meanwhile, since it was due, or for want of memory.
                    values.number(0);
                    return;
                }
                Dump dump;
                if (begins) {
                    dump = new Dump(call.shard().values().writer(), values.pieces());
                    dump.begin(entry);
                } else {
                    dump = ((Writing) works.get(number)).dump;
                }
                while (!dump.step(entry)) {
                    if (!values.mayAnswer(values.pieces().size())) {
                        values.error(TOO_LONG);
                        return;
                    }
                    if (call.isToYield()) {
                        goesOn = true;
                        call.goOn(begins ? works.add(new Writing(dump)) : number);
                        return;
                    }
                }
                values.number(1);
            } finally {
                if (!goesOn) {
                    works.end(number);
                }
            }
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            Values values = transaction.values(transaction.owner(0));
            if (values.number() == 0) {
                reply.nullValue();
                return true;
            }
            Pieces pieces = values.pieces();
            if (transaction.progress() == 0) {
                header(pieces, reply);
            }
            for (int block = transaction.progress(); block < pieces.count(); block++) {
                if (block > transaction.progress() && transaction.isToYield()) {
                    transaction.progress(block);
                    return false;
                }
                reply.raw(pieces.address(block), pieces.length(block));
            }
            reply.raw(CRLF);
            return true;
        }
    };

    /** Of a dump in several turns. */
    private record Writing(Dump dump) implements ValueWorks.Work {
        @Override
        public void close() {
            // What it has written belongs to the transaction.
        }
    }

    private DumpCommands() {}

    private static void header(Pieces pieces, ReplyWriter reply) {
        reply.raw(("$" + pieces.size() + "\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    /** In one turn: where it is a step of something else. */
    public static void dump(CommandCall call) {
        long entry = call.read(1);
        if (entry == 0) {
            call.reply().nullValue();
            return;
        }
        try (Pieces pieces = new Pieces()) {
            new Dump(call.shard().values().writer(), pieces).whole(entry);
            ReplyWriter reply = call.reply();
            header(pieces, reply);
            for (int block = 0; block < pieces.count(); block++) {
                reply.raw(pieces.address(block), pieces.length(block));
            }
            reply.raw(CRLF);
        }
    }
}
