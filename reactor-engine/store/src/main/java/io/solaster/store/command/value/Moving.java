package io.solaster.store.command.value;

import java.util.Objects;

import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.rdb.Pieces;
import io.solaster.store.rdb.ValueReader;
import io.solaster.store.rdb.ValueWorks;
import io.solaster.store.rdb.ValueWriter;
import io.solaster.store.shard.CommandCall;
import org.jspecify.annotations.Nullable;

/** A large value on its way to another key, in pieces: both ends of it, which are on one shard or on two. */
final class Moving {
    /** A piece that is worth a message. */
    private static final int PIECE = 256 << 10;

    private Moving() {}

    /** The end that writes pieces. On the shard of the source. */
    static final class Outgoing implements ValueWorks.Work {
        private final ValueWriter writer;
        private boolean done;
        private boolean anew;

        Outgoing(CommandCall call, long entry) {
            writer = call.shard().values().writer();
            begin(entry);
        }

        private void begin(long entry) {
            writer.begin(entry);
            done = false;
            anew = true;
        }

        /**
         * Writes on, to the end of a piece or of the value.
         *
         * @param entry where the value lies now
         * @return false if that is to be called again in a later turn
         */
        boolean write(long entry, Pieces to, CommandCall call) {
            while (!done && to.size() < PIECE) {
                switch (writer.step(entry, to)) {
                    case CHANGED -> {
                        to.clear();
                        begin(entry);
                    }
                    case DONE -> done = true;
                    case MORE -> {
                    }
                }
                if (!done && call.isToYield()) {
                    return false;
                }
            }
            return true;
        }

        /** Whether the value was written to its end. */
        boolean isDone() {
            return done;
        }

        /** Whether the piece begins the value, once; what was written before it is void. */
        boolean takeAnew() {
            boolean begins = anew;
            anew = false;
            return begins;
        }

        @Override
        public void close() {
            // Its pieces belong to the transaction.
        }
    }

    /** The end that reads pieces. On the shard of the destination. */
    static final class Incoming implements ValueWorks.Work {
        private final ValueReader reader;
        private int block;
        private boolean fed;
        private boolean done;

        Incoming(CommandCall call) {
            // What is due is left as it is: it may be counted.
            reader = call.shard().values().reader(Keyspace.MAX_LENGTH, 0);
        }

        /** Reads pieces to their end; false if that is to be called again in a later turn. */
        boolean read(Pieces from, CommandCall call) {
            while (true) {
                if (!fed) {
                    if (block == from.count()) {
                        block = 0;
                        return true;
                    }
                    reader.feed(from.address(block), from.length(block));
                    fed = true;
                }
                switch (reader.step()) {
                    case MORE -> {
                    }
                    case DONE -> {
                        done = true;
                        return true;
                    }
                    case HUNGRY -> {
                        fed = false;
                        block++;
                    }
                    case BAD -> throw new IllegalStateException("a value of type " + reader.type()
                            + " was written otherwise than it is read");
                }
                if (call.isToYield()) {
                    return false;
                }
            }
        }

        /** Gives a key of this shard the value, which was read to its end. */
        void place(CommandCall call, int key, long expiry) {
            if (!done) {
                throw new IllegalStateException("a value of type " + reader.type() + " has no end");
            }
            reader.place(call.keyspace(), call.address(key), call.length(key), expiry);
            if (reader.isExpiring()) {
                // Who looks for such fields may have passed the key already.
                call.shard().fieldsExpire();
            }
        }

        @Override
        public void close() {
            reader.close();
        }
    }

    /** Both ends, on one shard. */
    static final class Here implements ValueWorks.Work {
        private final Outgoing outgoing;
        private final Pieces pieces = new Pieces();
        private @Nullable Incoming incoming;
        private boolean reading;

        Here(CommandCall call, long entry) {
            outgoing = new Outgoing(call, entry);
        }

        /**
         * Goes on with the copy.
         *
         * @return false if that is to be called again in a later turn
         */
        boolean copy(long entry, CommandCall call) {
            while (true) {
                if (!reading) {
                    if (!outgoing.write(entry, pieces, call)) {
                        return false;
                    }
                    if (outgoing.takeAnew()) {
                        if (incoming != null) {
                            incoming.close();
                        }
                        incoming = new Incoming(call);
                    }
                    reading = true;
                }
                Incoming to = Objects.requireNonNull(incoming);
                if (!to.read(pieces, call)) {
                    return false;
                }
                pieces.clear();
                reading = false;
                if (outgoing.isDone()) {
                    return true;
                }
            }
        }

        void place(CommandCall call, int key, long expiry) {
            Objects.requireNonNull(incoming).place(call, key, expiry);
        }

        @Override
        public void close() {
            pieces.close();
            if (incoming != null) {
                incoming.close();
            }
        }
    }
}
