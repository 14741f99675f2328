package io.solaster.store.server;

import io.solaster.resp.CommandDecoder;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.Transaction;
import org.jspecify.annotations.Nullable;

/**
 * A request on its way from a connection's input into a {@link Transaction}, a piece in each turn where it is long: first the
 * keys, which say which shards take part, then the arguments. Used again and again. On the owning shard.
 */
final class TransactionRequest {
    private @Nullable Transaction transaction;
    private KeyPositions keys = new KeyPositions();
    private int arguments;
    private int nextKey;
    private int nextArgument;
    /** The key that the arguments come to next. */
    private int at;

    void begin(Transaction into, KeyPositions positions, int count) {
        transaction = into;
        keys.copy(positions);
        arguments = count;
        nextKey = 0;
        nextArgument = 0;
        at = 0;
        if (positions.count() == 0) {
            into.everyShard();
        }
    }

    /**
     * Goes on with the request that the decoder has found.
     *
     * @return whether it is all there
     */
    boolean goOn(CommandDecoder decoder, CommandCall turn) {
        Transaction into = java.util.Objects.requireNonNull(transaction);
        for (; nextKey < keys.count(); nextKey++) {
            if (turn.isToYield()) {
                return false;
            }
            int position = keys.at(nextKey);
            into.key(nextKey, decoder.argumentAddress(position), decoder.argumentLength(position));
        }
        for (; nextArgument < arguments; nextArgument++) {
            if (turn.isToYield()) {
                return false;
            }
            long address = decoder.argumentAddress(nextArgument);
            int length = decoder.argumentLength(nextArgument);
            if (at < keys.count() && nextArgument >= keys.at(at) + keys.span(at)) {
                at++;
            }
            if (at < keys.count() && nextArgument >= keys.at(at)) {
                into.argumentOf(at, address, length);
            } else {
                into.argument(address, length);
            }
        }
        transaction = null;
        return true;
    }
}
