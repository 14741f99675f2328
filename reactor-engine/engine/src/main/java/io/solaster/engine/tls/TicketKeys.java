package io.solaster.engine.tls;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
    /** Of keys that somebody makes out of turn. */
    private static final int LEAST_MOST = 16;

    private final long periodNanos;
    private final long sessionNanos;
    private final int most;
    private final RandomGenerator secrets;
    /** The newest first. */
    private List<Key> keys;
    private long rotatedAt;

    TicketKeys(Duration rotation, Duration sessionTimeout, RandomGenerator secrets, long now) {
        this.periodNanos = rotation.toNanos();
        this.sessionNanos = sessionTimeout.toNanos();
        // The key that encrypts, those of a session's time, and one since a turn may come late.
        this.most = Math.max(LEAST_MOST, 2 + Math.toIntExact((sessionNanos + periodNanos - 1) / periodNanos));
        this.secrets = secrets;
        this.keys = List.of(new Key(make(), now));
        this.rotatedAt = now;
    }

    boolean isDue(long now) {
        return now - rotatedAt >= periodNanos;
    }

    /** A new key in its turn; turns that have passed are not made up for. */
    void rotateTo(long now) {
        rotate(now);
        rotatedAt += (now - rotatedAt) / periodNanos * periodNanos;
    }

    /** A new key; those go of which no session is good any more, and the oldest where there are too many. */
    void rotate(long now) {
        List<Key> next = new ArrayList<>();
        next.add(new Key(make(), now));
        for (Key each : keys) {
            // A key gives tickets until the next one is made.
            if (next.size() == most || now - next.getLast().madeAt >= sessionNanos) {
                break;
            }
            next.add(each);
        }
        keys = next;
    }

    /** A new key alone: tickets that are out are worth nothing from now on. */
    void forget(long now) {
        keys = List.of(new Key(make(), now));
    }

    int count() {
        return keys.size();
    }

    void putInto(SslContext context) {
        ((OpenSslSessionContext) context.sessionContext())
                .setTicketKeys(keys.stream().map(Key::key).toArray(OpenSslSessionTicketKey[]::new));
    }

    private OpenSslSessionTicketKey make() {
        byte[] bytes = new byte[OpenSslSessionTicketKey.TICKET_KEY_SIZE];
        secrets.nextBytes(bytes);
        int hmac = OpenSslSessionTicketKey.NAME_SIZE;
        int aes = hmac + OpenSslSessionTicketKey.HMAC_KEY_SIZE;
        return new OpenSslSessionTicketKey(Arrays.copyOfRange(bytes, 0, hmac), Arrays.copyOfRange(bytes, hmac, aes),
                Arrays.copyOfRange(bytes, aes, bytes.length));
    }

    private record Key(OpenSslSessionTicketKey key, long madeAt) {}
}
