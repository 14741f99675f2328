package io.solaster.spring.trace;

import java.util.Locale;

import io.micrometer.common.docs.KeyName;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationConvention;
import io.micrometer.observation.docs.ObservationDocumentation;

/** The observations that there are, and their keys. Made of sampled requests only. */
public enum SolasterObservation implements ObservationDocumentation {
    /** A request of a server, or those that were read at once, as a pipelining client sends them. */
    REQUEST("solaster.request") {
        @Override
        public Class<? extends ObservationConvention<? extends Observation.Context>> getDefaultConvention() {
            return DefaultRequestConvention.class;
        }

        @Override
        public KeyName[] getLowCardinalityKeyNames() {
            return RequestKey.values();
        }

        @Override
        public KeyName[] getHighCardinalityKeyNames() {
            return RequestDetail.values();
        }
    },
    /** Work that was handed over: to a shard, a fork or Offload; from the call to the answer. */
    HOP("solaster.hop") {
        @Override
        public Class<? extends ObservationConvention<? extends Observation.Context>> getDefaultConvention() {
            return DefaultHopConvention.class;
        }

        @Override
        public KeyName[] getLowCardinalityKeyNames() {
            return HopKey.values();
        }

        @Override
        public KeyName[] getHighCardinalityKeyNames() {
            return HopDetail.values();
        }
    };

    private final String text;

    SolasterObservation(String text) {
        this.text = text;
    }

    @Override
    public String getName() {
        return text;
    }

    /** What a request always has, each of few values. */
    public enum RequestKey implements KeyName {
        /** The engine's name. */
        ENGINE,
        /** The key below {@code solaster.servers}. */
        SERVER,
        /** What the server speaks. */
        PROTOCOL,
        /** The shard that owns the connection. */
        SHARD,
        /** The scheduling group of the connection. */
        GROUP,
        /** The command or route: {@code GET}, {@code PIPELINE GET}, {@code PIPELINE}. */
        OPERATION,
        /** {@code success}, {@code error} or {@code cancelled}. */
        OUTCOME;

        @Override
        public String asString() {
            return key(this);
        }
    }

    /** What else is known of a request; protocols add to it. */
    public enum RequestDetail implements KeyName {
        /** The client's address. */
        NETWORK_PEER_ADDRESS,
        /** The client's port. */
        NETWORK_PEER_PORT,
        /** Microseconds that the request waited for others of its connection before it was looked at. */
        QUEUE_WAIT_US;

        @Override
        public String asString() {
            return key(this);
        }
    }

    /** What a hop always has, each of few values. */
    public enum HopKey implements KeyName {
        /** The engine's name. */
        ENGINE,
        /** {@code submitTo}, {@code fork}, {@code offload} or {@code message}. */
        KIND,
        /** The shard that ran the work; {@code none} off the shards. */
        SHARD,
        /** The scheduling group that the work ran in; {@code none} off the shards. */
        GROUP,
        /** {@code success}, {@code error}, {@code cancelled}, {@code timeout} or {@code rejected}. */
        OUTCOME;

        @Override
        public String asString() {
            return key(this);
        }
    }

    /** What else is known of a hop. */
    public enum HopDetail implements KeyName {
        /** The shard that handed the work over; {@code none} for another thread. */
        FROM,
        /** Microseconds from the call until the work began; absent if it never did. */
        QUEUE_WAIT_US;

        @Override
        public String asString() {
            return key(this);
        }
    }

    /** {@code queue.wait.us} of {@code QUEUE_WAIT_US}. */
    private static String key(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '.');
    }
}
