package org.espalier.search;

import org.espalier.InputException;
import org.espalier.data.Dataset;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;

/** Whether data and configuration go together, said before anything is started. */
final class DataCheck {
  /** Extent of the images that DARTS' auxiliary head for CIFAR is made for. */
  private static final int AUXILIARY_EXTENT = 32;

  private DataCheck() {}

  /**
   * Returns if a search can start.
   *
   * @throws InputException naming what does not fit
   */
  static void search(Configuration configuration, Dataset data) {
    training(configuration, data);
    int train = data.train().size();
    int share = (int) Math.round(train * configuration.search().trainShare());
    batchFits("search.batch", configuration.search().batch(), Math.min(share, train - share), data);
  }

  /**
   * Returns if a training can start.
   *
   * @throws InputException naming what does not fit
   */
  static void training(Configuration configuration, Dataset data) {
    SearchSpace space = Spaces.of(configuration.space());
    int step = space.granularity();
    String extent = data.height() + "x" + data.width();
    if (data.height() % step != 0 || data.width() % step != 0) {
      throw new InputException(
          "images of "
              + data.name()
              + " are "
              + extent
              + "; "
              + space.name()
              + " wants extents that are multiples of "
              + step);
    }
    if (space.name().equals("darts")
        && configuration.training().auxiliary() > 0
        && (data.height() != AUXILIARY_EXTENT || data.width() != AUXILIARY_EXTENT)) {
      throw new InputException(
          "training.auxiliary wants 32x32 images, those of "
              + data.name()
              + " are "
              + extent
              + "; set it to 0");
    }
    batchFits("training.batch", configuration.training().batch(), data.train().size(), data);
  }

  private static void batchFits(String key, int batch, int images, Dataset data) {
    if (batch > images) {
      throw new InputException(
          key
              + " is "
              + batch
              + ", but only "
              + images
              + " images of "
              + data.name()
              + " are there for it");
    }
  }
}
