package io.solaster.store.multi;

import io.solaster.resp.CommandDecoder;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.Transaction;
import org.jspecify.annotations.Nullable;

/**
 * A request on its way into a {@link Transaction}, a piece in each turn where it is long: first the keys, which say which
 * shards take part, then the arguments. Used again and again. On the owning shard.
 */
public final class TransactionRequest {
    /** Where the arguments of the request lie, in the turn that asks. */
    public interface Arguments {
        long address(int argument);

        int length(int argument);

        /** Those of a call. */
        static Arguments of(CommandCall call) {
            return new Arguments() {
                @Override
                public long address(int argument) {
                    return call.address(argument);
                }

                @Override
                public int length(int argument) {
                    return call.length(argument);
                }
            };
        }

        /** Those that a decoder has found. */
        static Arguments of(CommandDecoder decoder) {
            return new Arguments() {
                @Override
                public long address(int argument) {
                    return decoder.argumentAddress(argument);
                }

                @Override
                public int length(int argument) {
                    return decoder.argumentLength(argument);
                }
            };
        }
    }

    private @Nullable Transaction transaction;
    private KeyPositions keys = new KeyPositions();
    private int arguments;
    private int nextKey;
    private int nextArgument;
    /** The key that the arguments come to next. */
    private int at;

    public void begin(Transaction into, KeyPositions positions, int count) {
        transaction = into;
        keys.copy(positions);
        arguments = count;
        nextKey = 0;
        nextArgument = 0;
        at = 0;
        if (positions.count() == 0 || positions.isAny()) {
            into.everyShard();
        }
    }

    /**
     * Goes on with the request.
     *
     * @return whether it is all there
     */
    public boolean goOn(Arguments from, CommandCall turn) {
        Transaction into = java.util.Objects.requireNonNull(transaction);
        for (; nextKey < keys.count(); nextKey++) {
            if (turn.isToYield()) {
                return false;
            }
            int position = keys.at(nextKey);
            into.key(nextKey, from.address(position), from.length(position));
        }
        for (; nextArgument < arguments; nextArgument++) {
            if (turn.isToYield()) {
                return false;
            }
            long address = from.address(nextArgument);
            int length = from.length(nextArgument);
            if (at < keys.count() && nextArgument >= keys.at(at) + keys.span(at)) {
                at++;
            }
            if (!keys.isToAll() && at < keys.count() && nextArgument >= keys.at(at)) {
                into.argumentOf(at, address, length);
            } else {
                into.argument(address, length);
            }
        }
        transaction = null;
        return true;
    }
}
