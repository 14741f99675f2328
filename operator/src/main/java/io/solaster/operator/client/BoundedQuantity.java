package io.solaster.operator.client;

import java.io.IOException;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import io.fabric8.kubernetes.api.model.Quantity;
import org.jspecify.annotations.Nullable;

/**
 * Reads a quantity that can be reckoned with, and refuses any other: to compare two of those throws, and to hash one may
 * never end. Any thread.
 */
final class BoundedQuantity extends JsonDeserializer<Quantity> {
    private final Quantity.Deserializer reader = new Quantity.Deserializer();

    /** Put on {@link Quantity} from outside. */
    @JsonDeserialize(using = BoundedQuantity.class)
    interface Bounded {}

    @Override
    public @Nullable Quantity deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        try {
            Quantity quantity = reader.deserialize(parser, context);
            if (quantity != null) {
                Amounts.value(quantity);
            }
            return quantity;
        } catch (IllegalArgumentException e) {
            throw InvalidFormatException.from(parser, String.valueOf(e.getMessage()), "", Quantity.class);
        }
    }
}
