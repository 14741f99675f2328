package io.solaster.pool.resp;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import io.solaster.resp.Reply;
import org.jspecify.annotations.Nullable;

/** Reads replies as what their commands promise. */
final class Replies {
    private Replies() {}

    static byte @Nullable [] bytes(Reply reply) {
        return switch (reply) {
            case Reply.Blob blob -> blob.bytes();
            case Reply.Nothing nothing -> null;
            case Reply.Status status -> status.text().getBytes(StandardCharsets.UTF_8);
            case Reply.Verbatim verbatim -> verbatim.content().bytes();
            default -> throw RespCommand.unexpected(reply, "string");
        };
    }

    static @Nullable String text(Reply reply) {
        byte[] bytes = bytes(reply);
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    static Long number(Reply reply) {
        if (reply instanceof Reply.Whole whole) {
            return whole.value();
        }
        throw RespCommand.unexpected(reply, "number");
    }

    static Boolean isOne(Reply reply) {
        return reply instanceof Reply.Truth truth ? truth.value() : number(reply) == 1;
    }

    static List<byte @Nullable []> list(Reply reply) {
        if (reply instanceof Reply.Aggregate all) {
            List<byte @Nullable []> values = new ArrayList<>(all.elements().size());
            for (Reply element : all.elements()) {
                values.add(bytes(element));
            }
            return values;
        }
        throw RespCommand.unexpected(reply, "list");
    }

    static @Nullable Void nothing(Reply reply) {
        return null;
    }
}
