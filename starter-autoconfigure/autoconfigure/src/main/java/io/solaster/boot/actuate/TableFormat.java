package io.solaster.boot.actuate;

import org.springframework.boot.actuate.endpoint.Producible;
import org.springframework.util.MimeType;

/** What endpoints answer with that hold a table: JSON in full, or the table alone for a spreadsheet. */
enum TableFormat implements Producible<TableFormat> {
    JSON_V2("application/vnd.spring-boot.actuator.v2+json"), JSON_V3(
            "application/vnd.spring-boot.actuator.v3+json"), JSON("application/json"),
    /** The last, since Actuator takes the last of those that a client accepts. */
    CSV("text/csv;charset=UTF-8");

    private final String type;

    TableFormat(String type) {
        this.type = type;
    }

    @Override
    public MimeType getProducedMimeType() {
        return MimeType.valueOf(type);
    }

    /** As of all endpoints. */
    @Override
    public boolean isDefault() {
        return this == JSON_V3;
    }
}
