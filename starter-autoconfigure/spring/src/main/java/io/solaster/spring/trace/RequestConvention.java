package io.solaster.spring.trace;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationConvention;

/** Names requests and says their keys: a bean of this type does so in place of {@link DefaultRequestConvention}. */
public interface RequestConvention extends ObservationConvention<RequestContext> {

    @Override
    default boolean supportsContext(Observation.Context context) {
        return context instanceof RequestContext;
    }
}
