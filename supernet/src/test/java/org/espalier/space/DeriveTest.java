package org.espalier.space;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Which architecture is read off given strengths. */
class DeriveTest {
  private static final SearchSpace NASBENCH = Spaces.of("nasbench201");
  private static final SearchSpace DARTS = Spaces.of("darts");

  // columns: none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3; rows: 0-1, 0-2, 1-2,
  // 0-3, 1-3, 2-3
  @Test
  void nasBench201TakesTheStrongestOfEachEdgeNoneIncluded() {
    float[][] strengths = {
      {0.1f, 0.2f, 0.3f, 0.35f, 0.05f},
      {0.9f, 0.025f, 0.025f, 0.025f, 0.025f},
      {0.1f, 0.6f, 0.1f, 0.1f, 0.1f},
      {0, 0, 0, 0, 1},
      {0.2f, 0.2f, 0.21f, 0.2f, 0.19f},
      {0.21f, 0.2f, 0.2f, 0.2f, 0.19f}
    };
    assertThat(NASBENCH.format(NASBENCH.derive(List.<float[][]>of(strengths))))
        .isEqualTo(
            "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|");
  }

  // columns: none, max_pool, avg_pool, skip, sep 3x3, sep 5x5, dil 3x3, dil 5x5; rows: node 2: 0,
  // 1; node 3: 0, 1, 2; ...
  @Test
  void dartsTakesTheTwoStrongestEdgesOfEachNodeAndNeverNone() {
    float[][] normal = new float[14][8];
    // Node 2 has two edges only: both are taken, the stronger first.
    best(normal, 0, 4, 0.3f);
    best(normal, 1, 1, 0.5f);
    // Node 3: input 2 before input 0, whose none is by far the strongest; input 1, all none, is
    // left out.
    best(normal, 2, 7, 0.2f);
    normal[2][0] = 0.8f;
    normal[3][0] = 1;
    best(normal, 3, 3, 0.19f);
    best(normal, 4, 6, 0.21f);
    // Node 4: what counts is the best operation of an edge, not the sum over its operations.
    java.util.Arrays.fill(normal[5], 1, 8, 0.14f);
    best(normal, 6, 2, 0.15f);
    best(normal, 7, 3, 0.1f);
    best(normal, 8, 5, 0.16f);
    // Node 5: equally strong edges in their own order, and so operations.
    for (int edge = 9; edge < 14; edge++) {
      best(normal, edge, 4, 0.25f);
      best(normal, edge, 5, 0.25f);
    }
    float[][] reduce = new float[14][8];
    for (int edge = 0; edge < 14; edge++) {
      best(reduce, edge, 1 + edge % 7, 0.01f * (edge + 1));
    }
    assertThat(DARTS.format(DARTS.derive(List.of(normal, reduce))))
        .isEqualTo(
            "Genotype(normal=[('max_pool_3x3', 1), ('sep_conv_3x3', 0), ('dil_conv_3x3', 2),"
                + " ('dil_conv_5x5', 0), ('sep_conv_5x5', 3), ('avg_pool_3x3', 1), ('sep_conv_3x3',"
                + " 0), ('sep_conv_3x3', 1)], normal_concat=range(2, 6), reduce=[('avg_pool_3x3',"
                + " 1), ('max_pool_3x3', 0), ('sep_conv_5x5', 2), ('sep_conv_3x3', 1),"
                + " ('avg_pool_3x3', 3), ('max_pool_3x3', 2), ('dil_conv_5x5', 4), ('dil_conv_3x3',"
                + " 3)], reduce_concat=range(2, 6))");
  }

  private static void best(float[][] strengths, int edge, int operation, float strength) {
    strengths[edge][operation] = strength;
  }

  @Test
  void aDerivedGenotypeIsThatOfItsTextForm() {
    float[][] flat = new float[14][8];
    Genotype genotype = DARTS.derive(List.of(flat, flat));
    assertThat(DARTS.parse(DARTS.format(genotype))).isEqualTo(genotype);
  }
}
