package org.espalier.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FiguresTest {
  @Test
  void countsAreShortenedToThreeFigures() {
    assertThat(Figures.compact(0)).isEqualTo("0");
    assertThat(Figures.compact(999)).isEqualTo("999");
    assertThat(Figures.compact(73_818)).isEqualTo("73.8 k");
    assertThat(Figures.compact(3_349_342)).isEqualTo("3.35 M");
    assertThat(Figures.compact(999_600)).isEqualTo("1.00 M");
    assertThat(Figures.compact(5_000_000_000_000L)).isEqualTo("5000 G");
  }

  @Test
  void durationsAreReadAloudEasily() {
    assertThat(Figures.duration(0.24)).isEqualTo("0.2 s");
    assertThat(Figures.duration(59.7)).isEqualTo("1 min 0 s");
    assertThat(Figures.duration(287.6)).isEqualTo("4 min 48 s");
    assertThat(Figures.duration(41_862)).isEqualTo("11 h 38 min");
  }

  @Test
  void differencesAreSigned() {
    assertThat(Figures.points(0.0152)).isEqualTo("+1.5");
    assertThat(Figures.points(-0.0152)).isEqualTo("−1.5");
    assertThat(Figures.points(-0.0001)).isEqualTo("0.0");
  }

  @Test
  void whatIsNotFiniteIsADash() {
    assertThat(Figures.percent(Double.NaN)).isEqualTo("–");
    assertThat(Figures.points(Double.NaN)).isEqualTo("–");
    assertThat(Figures.duration(Double.POSITIVE_INFINITY)).isEqualTo("–");
    assertThat(Figures.decimal(Double.NaN, 3)).isEqualTo("–");
  }

  @Test
  void markupAndForbiddenCharactersAreMadeSafe() {
    assertThat(Figures.escape("<a href='x'>\"&\"\u0000"))
        .isEqualTo("&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;\uFFFD");
  }
}
