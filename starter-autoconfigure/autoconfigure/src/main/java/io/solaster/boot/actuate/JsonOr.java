package io.solaster.boot.actuate;

import org.springframework.boot.actuate.endpoint.ApiVersion;
import org.springframework.boot.actuate.endpoint.Producible;
import org.springframework.util.MimeType;
import org.springframework.util.MimeTypeUtils;

/**
 * What an endpoint answers with: JSON by any of the names that Actuator has for it, or another type. Actuator takes the
 * choice from an enumeration, and of its constants the last that a client accepts: those for JSON come first, in this order.
 */
interface JsonOr<E extends Enum<E> & Producible<E>> extends Producible<E> {

    /** The enumeration's constant: {@code JSON_V2}, {@code JSON_V3} or {@code JSON}, or what the other type is called. */
    String name();

    /** The other type. */
    String other();

    @Override
    default MimeType getProducedMimeType() {
        return switch (name()) {
            case "JSON_V2" -> ApiVersion.V2.getProducedMimeType();
            case "JSON_V3" -> ApiVersion.V3.getProducedMimeType();
            case "JSON" -> MimeTypeUtils.APPLICATION_JSON;
            default -> MimeType.valueOf(other());
        };
    }
}
