package io.solaster.boot.actuate;

/** What endpoints answer with that hold a table: JSON in full, or the table alone for a spreadsheet. */
enum TableFormat implements JsonOr<TableFormat> {
    JSON_V2, JSON_V3, JSON, CSV;

    @Override
    public String other() {
        return "text/csv;charset=UTF-8";
    }

    /** As of all endpoints. */
    @Override
    public boolean isDefault() {
        return this == JSON_V3;
    }
}
