package io.solaster.spring.trace;

import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;
import io.solaster.engine.task.ShardView;
import io.solaster.spring.trace.SolasterObservation.HopDetail;
import io.solaster.spring.trace.SolasterObservation.HopKey;
import org.jspecify.annotations.Nullable;

/** As {@link SolasterObservation#HOP} says. Keys are told at the end, when they are known; the span is named after the kind. Any thread. */
public class DefaultHopConvention implements HopConvention {
    private static final String NONE = "none";

    /** The one that is used unless there is a bean. */
    public DefaultHopConvention() {}

    @Override
    public String getName() {
        return SolasterObservation.HOP.getName();
    }

    @Override
    public String getContextualName(HopContext context) {
        return context.kind().toString();
    }

    @Override
    public KeyValues getLowCardinalityKeyValues(HopContext context) {
        if (!context.isOver()) {
            return KeyValues.empty();
        }
        return KeyValues.of(HopKey.ENGINE.withValue(context.engine()),
                HopKey.KIND.withValue(context.kind().toString()), HopKey.SHARD.withValue(number(context.to())),
                HopKey.GROUP.withValue(context.group() == null ? NONE : context.group().name()),
                HopKey.OUTCOME.withValue(outcome(context.failure())));
    }

    @Override
    public KeyValues getHighCardinalityKeyValues(HopContext context) {
        if (!context.isOver()) {
            return KeyValues.empty();
        }
        KeyValue from = HopDetail.FROM.withValue(number(context.from()));
        long wait = context.queueWaitNanos();
        return wait < 0
                ? KeyValues.of(from)
                : KeyValues.of(from,
                        HopDetail.QUEUE_WAIT_US.withValue(Long.toString(TimeUnit.NANOSECONDS.toMicros(wait))));
    }

    private static String number(@Nullable ShardView shard) {
        return shard == null ? NONE : Integer.toString(shard.id());
    }

    private static String outcome(@Nullable Throwable failure) {
        return switch (failure) {
            case null -> "success";
            case CancellationException cancelled -> "cancelled";
            case TimeoutException late -> "timeout";
            case RejectedExecutionException refused -> "rejected";
            default -> "error";
        };
    }
}
