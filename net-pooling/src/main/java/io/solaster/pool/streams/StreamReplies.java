package io.solaster.pool.streams;

import java.util.ArrayList;
import java.util.List;

import io.solaster.pool.resp.RespException;
import io.solaster.resp.Reply;

/** Reads what servers answer about streams, in RESP2 and RESP3. */
final class StreamReplies {
    private StreamReplies() {}

    /** The entries of a reply to XREAD or XREADGROUP of one stream. */
    static List<StreamEntry> ofStream(Reply reply, List<String> gone) {
        if (reply instanceof Reply.Nothing) {
            return List.of();
        }
        List<Reply> parts = elements(reply);
        if (parts.isEmpty()) {
            return List.of();
        }
        boolean isMap = ((Reply.Aggregate) reply).kind() == Reply.Kind.MAP;
        return entries((isMap ? parts : elements(parts.getFirst())).get(1), gone);
    }

    /**
     * A list of entries.
     *
     * @param gone is added the ids of those that were deleted
     */
    static List<StreamEntry> entries(Reply reply, List<String> gone) {
        List<StreamEntry> entries = new ArrayList<>();
        for (Reply each : elements(reply)) {
            if (each instanceof Reply.Nothing) {
                // Redis 6.2 claims what was deleted.
                continue;
            }
            List<Reply> parts = elements(each);
            String id = text(parts.getFirst());
            if (parts.get(1) instanceof Reply.Nothing) {
                gone.add(id);
                continue;
            }
            List<byte[]> fields = new ArrayList<>();
            for (Reply field : elements(parts.get(1))) {
                fields.add(bytes(field));
            }
            entries.add(new StreamEntry(id, fields));
        }
        return entries;
    }

    static List<Reply> elements(Reply reply) {
        if (reply instanceof Reply.Aggregate all) {
            return all.elements();
        }
        throw unexpected(reply);
    }

    static String text(Reply reply) {
        return switch (reply) {
            case Reply.Blob blob -> blob.text();
            case Reply.Status status -> status.text();
            default -> throw unexpected(reply);
        };
    }

    private static byte[] bytes(Reply reply) {
        if (reply instanceof Reply.Blob blob) {
            return blob.bytes();
        }
        throw unexpected(reply);
    }

    private static RespException unexpected(Reply reply) {
        return new RespException("ERR what the server answers about a stream is not what that is like: " + reply);
    }
}
