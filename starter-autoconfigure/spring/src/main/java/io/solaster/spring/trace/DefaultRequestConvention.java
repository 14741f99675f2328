package io.solaster.spring.trace;

import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;
import io.solaster.spring.trace.SolasterObservation.RequestDetail;
import io.solaster.spring.trace.SolasterObservation.RequestKey;

/** As {@link SolasterObservation#REQUEST} says. Keys are told at the end, when they are known; the span is named after the operation. Any thread. */
public class DefaultRequestConvention implements RequestConvention {

    /** The one that is used unless there is a bean. */
    public DefaultRequestConvention() {}

    @Override
    public String getName() {
        return SolasterObservation.REQUEST.getName();
    }

    @Override
    public String getContextualName(RequestContext context) {
        return context.operation();
    }

    @Override
    public KeyValues getLowCardinalityKeyValues(RequestContext context) {
        if (!context.isOver()) {
            return KeyValues.empty();
        }
        return KeyValues.of(RequestKey.ENGINE.withValue(context.engine()),
                RequestKey.SERVER.withValue(context.server()), RequestKey.PROTOCOL.withValue(context.protocol()),
                RequestKey.SHARD.withValue(Integer.toString(context.shard().id())),
                RequestKey.GROUP.withValue(context.group()), RequestKey.OPERATION.withValue(context.operation()),
                RequestKey.OUTCOME.withValue(context.outcome().name().toLowerCase(Locale.ROOT)));
    }

    @Override
    public KeyValues getHighCardinalityKeyValues(RequestContext context) {
        if (!context.isOver()) {
            return KeyValues.empty();
        }
        KeyValue wait = RequestDetail.QUEUE_WAIT_US
                .withValue(Long.toString(TimeUnit.NANOSECONDS.toMicros(context.queueWaitNanos())));
        InetSocketAddress peer = context.peer();
        return peer == null || peer.isUnresolved()
                ? KeyValues.of(wait)
                : KeyValues.of(wait,
                        RequestDetail.NETWORK_PEER_ADDRESS.withValue(peer.getAddress().getHostAddress()),
                        RequestDetail.NETWORK_PEER_PORT.withValue(Integer.toString(peer.getPort())));
    }
}
