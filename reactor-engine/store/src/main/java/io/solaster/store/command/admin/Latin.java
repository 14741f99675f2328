package io.solaster.store.command.admin;

import java.nio.charset.StandardCharsets;

/** Text of which each character is one byte, as {@link io.solaster.store.shard.CommandCall#text} gives it. */
final class Latin {

    private Latin() {}

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
