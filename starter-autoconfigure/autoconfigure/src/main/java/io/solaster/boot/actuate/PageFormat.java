package io.solaster.boot.actuate;

/**
 * What the live page's address answers with: the page for browsers, which accept everything too, else what the page shows.
 */
enum PageFormat implements JsonOr<PageFormat> {
    JSON_V2, JSON_V3, JSON, HTML;

    @Override
    public String other() {
        return "text/html;charset=UTF-8";
    }

    @Override
    public boolean isDefault() {
        return this == JSON;
    }
}
