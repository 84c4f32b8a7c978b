package org.espalier.report;

import java.util.Locale;

/** How numbers and names are written in a report. What is not finite is written as a dash. */
final class Figures {
  private static final String MISSING = "–";

  private Figures() {}

  /** 0.8943 as {@code 89.43 %}, with a space where no line breaks. */
  static String percent(double share) {
    return percent(share, 2);
  }

  static String percent(double share, int decimals) {
    return Double.isFinite(share) ? decimal(100 * share, decimals) + "\u00a0%" : MISSING;
  }

  /** A difference of two shares, signed: {@code +1.5}. */
  static String points(double difference) {
    if (!Double.isFinite(difference)) {
      return MISSING;
    }
    String magnitude = decimal(Math.abs(100 * difference), 1);
    return magnitude.equals("0.0") ? "0.0" : (difference > 0 ? "+" : "−") + magnitude;
  }

  static String decimal(double value, int decimals) {
    return Double.isFinite(value)
        ? String.format(Locale.ROOT, "%." + decimals + "f", value)
        : MISSING;
  }

  /** 1289546 as {@code 1,289,546}. */
  static String grouped(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /** 1289546 as {@code 1.29 M}. */
  static String compact(long count) {
    double scaled = count;
    for (String unit : new String[] {"", " k", " M", " G"}) {
      if (Math.abs(scaled) < 999.5 || unit.equals(" G")) {
        int decimals =
            unit.isEmpty() ? 0 : Math.abs(scaled) < 9.995 ? 2 : Math.abs(scaled) < 99.95 ? 1 : 0;
        return decimal(scaled, decimals) + unit;
      }
      scaled /= 1000;
    }
    throw new AssertionError(count);
  }

  /** 151.4 seconds as {@code 2 min 31 s}. */
  static String duration(double seconds) {
    if (!Double.isFinite(seconds)) {
      return MISSING;
    }
    if (seconds < 9.95) {
      return decimal(seconds, 1) + " s";
    }
    long whole = Math.round(seconds);
    if (whole < 60) {
      return whole + " s";
    }
    if (whole < 3600) {
      return whole / 60 + " min " + whole % 60 + " s";
    }
    long minutes = Math.round(seconds / 60);
    return minutes / 60 + " h " + minutes % 60 + " min";
  }

  /**
   * Safe in the text and in quoted attributes of HTML and XML; characters that XML forbids are
   * replaced.
   */
  static String escape(String text) {
    var escaped = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                case '\t', '\n', '\r' -> escaped.appendCodePoint(c);
                default -> escaped.appendCodePoint(allowed(c) ? c : '\uFFFD');
              }
            });
    return escaped.toString();
  }

  private static boolean allowed(int c) {
    return (c >= ' ' && c < 0xD800) || (c > 0xDFFF && c < 0xFFFE) || c > 0xFFFF;
  }
}
