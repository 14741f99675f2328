package io.solaster.engine.tls;

import java.time.Duration;
import java.util.Arrays;
import java.util.random.RandomGenerator;

import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.SslContext;

/**
 * The keys of the session tickets that OpenSSL gives for one certificate: the first encrypts, all decrypt, and with time a new
 * one takes the first place. They are the process's: a ticket of one shard is good on all. Each certificate has keys of its own,
 * so that a session is not resumed as that of another name, where other clients may be good. Guarded by who has it.
 */
final class TicketKeys {
    private final long periodNanos;
    private final int kept;
    private final RandomGenerator secrets;
    private OpenSslSessionTicketKey[] keys;
    private long rotatedAt;

    TicketKeys(Duration rotation, Duration sessionTimeout, RandomGenerator secrets, long now) {
        this.periodNanos = rotation.toNanos();
        // A ticket is good for as long as a session: beside the key that encrypts, those of that time.
        this.kept = 1 + Math.toIntExact((sessionTimeout.toNanos() + periodNanos - 1) / periodNanos);
        this.secrets = secrets;
        this.keys = new OpenSslSessionTicketKey[]{make()};
        this.rotatedAt = now;
    }

    boolean isDue(long now) {
        return now - rotatedAt >= periodNanos;
    }

    /** As many times as the time that has passed asks for. */
    void rotateTo(long now) {
        long times = (now - rotatedAt) / periodNanos;
        for (long i = 0; i < Math.min(times, kept); i++) {
            rotate();
        }
        rotatedAt += times * periodNanos;
    }

    /** A new key; the oldest goes where there are as many as needed. */
    void rotate() {
        OpenSslSessionTicketKey[] next = new OpenSslSessionTicketKey[Math.min(keys.length + 1, kept)];
        next[0] = make();
        System.arraycopy(keys, 0, next, 1, next.length - 1);
        keys = next;
    }

    /** A new key alone: tickets that are out are worth nothing from now on. */
    void forget() {
        keys = new OpenSslSessionTicketKey[]{make()};
    }

    int count() {
        return keys.length;
    }

    void putInto(SslContext context) {
        ((OpenSslSessionContext) context.sessionContext()).setTicketKeys(keys);
    }

    private OpenSslSessionTicketKey make() {
        byte[] bytes = new byte[OpenSslSessionTicketKey.TICKET_KEY_SIZE];
        secrets.nextBytes(bytes);
        int hmac = OpenSslSessionTicketKey.NAME_SIZE;
        int aes = hmac + OpenSslSessionTicketKey.HMAC_KEY_SIZE;
        return new OpenSslSessionTicketKey(Arrays.copyOfRange(bytes, 0, hmac), Arrays.copyOfRange(bytes, hmac, aes),
                Arrays.copyOfRange(bytes, aes, bytes.length));
    }
}
