package io.solaster.boot.actuate;

import org.springframework.boot.actuate.endpoint.Producible;
import org.springframework.util.MimeType;

/** What the live page's address answers with: the page for browsers, else what the page shows. */
enum PageFormat implements Producible<PageFormat> {
    JSON_V2("application/vnd.spring-boot.actuator.v2+json"), JSON_V3(
            "application/vnd.spring-boot.actuator.v3+json"), JSON("application/json"),
    /** The last, since Actuator takes the last of those that a client accepts, and browsers accept everything too. */
    HTML("text/html;charset=UTF-8");

    private final String type;

    PageFormat(String type) {
        this.type = type;
    }

    @Override
    public MimeType getProducedMimeType() {
        return MimeType.valueOf(type);
    }

    @Override
    public boolean isDefault() {
        return this == JSON;
    }
}
