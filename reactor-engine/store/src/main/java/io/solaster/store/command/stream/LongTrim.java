package io.solaster.store.command.stream;

import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.InTurns;
import io.solaster.store.stream.Streams;

/** {@code XTRIM} of a stream whose groups are asked of each entry that goes. On the owning shard. */
final class LongTrim implements InTurns.Steps {
    /** What some entries count for, with the look for them in each group. */
    private static final long PIECE_BYTES = 64 * 256;

    private final Trimming options;
    private final References.Acknowledged walk = new References.Acknowledged();
    private boolean begun;
    private long toGo;
    private long toLookAt;
    private long gone;

    LongTrim(Trimming options) {
        this.options = options;
    }

    @Override
    public boolean goOn(CommandCall call) {
        Streams stream = open(call);
        if (!begun) {
            begun = true;
            toGo = options.toGo(stream);
            toLookAt = options.toLookAt(stream);
        }
        while (!piece(stream)) {
            if (call.isToPause(PIECE_BYTES)) {
                return false;
            }
        }
        call.reply().integer(gone);
        return true;
    }

    private static Streams open(CommandCall call) {
        Streams streams = call.shard().streams();
        streams.open(call.address(1), call.length(1), call.find(1));
        return streams;
    }

    private boolean piece(Streams stream) {
        if (options.references() == References.ACKED) {
            boolean all = walk.goOn(stream, toGo, toLookAt);
            gone = walk.deleted;
            return all;
        }
        gone += References.dropFirst(stream, Math.min(References.piece(stream.groups()), toGo - gone));
        return gone == toGo;
    }
}
