package io.solaster.boot.actuate.tracing;

import java.util.List;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.sdk.trace.samplers.SamplingResult;
import io.solaster.spring.trace.Decided;

/**
 * A sampler that leaves traces alone which begin with a request of ours: those are sampled already, and deciding twice
 * would square the probability. All others are the application's sampler's. Any thread.
 */
final class DecidedSampler implements Sampler {
    private final Sampler others;

    DecidedSampler(Sampler others) {
        this.others = others;
    }

    @Override
    public SamplingResult shouldSample(Context parent, String traceId, String name, SpanKind kind,
            Attributes attributes, List<LinkData> links) {
        return Decided.isHere() && !Span.fromContext(parent).getSpanContext().isValid()
                ? SamplingResult.recordAndSample()
                : others.shouldSample(parent, traceId, name, kind, attributes, links);
    }

    @Override
    public String getDescription() {
        return "Solaster{" + others.getDescription() + "}";
    }

    @Override
    public String toString() {
        return getDescription();
    }
}
