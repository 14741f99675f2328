package io.solaster.spring.trace;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationConvention;

/** Names hops and says their keys: a bean of this type does so in place of {@link DefaultHopConvention}. */
public interface HopConvention extends ObservationConvention<HopContext> {

    @Override
    default boolean supportsContext(Observation.Context context) {
        return context instanceof HopContext;
    }
}
