package io.solaster.engine.net;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.solaster.config.server.TlsConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.tls.HandshakeStats;

/**
 * How many handshakes of one server one shard begins in a turn of its loop, and has under way. Their arithmetic takes as long
 * as hundreds of requests: in a storm of clients that come back, those that are there are served between two of them. On the
 * shard.
 */
final class Handshakes implements Runnable {
    private final Shard shard;
    private final HandshakeStats stats = new HandshakeStats();
    /** In the order of their coming; one that has gone leaves it at once, so that the bound holds. */
    private final Set<HelloGate> waiting = new LinkedHashSet<>();
    private int perTurn;
    private int max;
    private long timeoutMillis;
    private long turn = -1;
    private int begunInTurn;
    private boolean armed;

    Handshakes(Shard shard, TlsConfig config) {
        this.shard = shard;
        configure(config);
    }

    void configure(TlsConfig config) {
        perTurn = config.handshakesPerTurn();
        max = config.maxHandshakes();
        timeoutMillis = config.handshakeTimeout().toMillis();
    }

    Shard shard() {
        return shard;
    }

    HandshakeStats stats() {
        return stats;
    }

    long timeoutMillis() {
        return timeoutMillis;
    }

    /** Whether there is room for one more, which is under way from then on. */
    boolean enter() {
        if (stats.inProgress.get() >= max) {
            return false;
        }
        stats.inProgress.increment();
        return true;
    }

    /** One that has entered is over. */
    void leave() {
        stats.inProgress.add(-1);
    }

    /** Whether one that has entered may begin at once; else it is told by {@link HelloGate#begin}. */
    boolean mayBegin(HelloGate gate) {
        if (waiting.isEmpty() && hasTurn()) {
            return true;
        }
        waiting.add(gate);
        stats.waiting.increment();
        arm();
        return false;
    }

    /** One that waits has gone. */
    void forget(HelloGate gate) {
        if (waiting.remove(gate)) {
            stats.waiting.add(-1);
        }
    }

    private boolean hasTurn() {
        long now = shard.stats().turns.get();
        if (now != turn) {
            turn = now;
            begunInTurn = 0;
        }
        if (begunInTurn >= perTurn) {
            return false;
        }
        begunInTurn++;
        return true;
    }

    private void arm() {
        if (!armed) {
            armed = true;
            shard.schedule(this, 0, TimeUnit.NANOSECONDS);
        }
    }

    @Override
    public void run() {
        armed = false;
        while (!waiting.isEmpty() && hasTurn()) {
            Iterator<HelloGate> first = waiting.iterator();
            HelloGate gate = first.next();
            first.remove();
            stats.waiting.add(-1);
            gate.begin();
        }
        if (!waiting.isEmpty()) {
            arm();
        }
    }
}
