//! One component of a strip.

use std::ops::Range;

use super::axis::Axis;
use super::layout::Layout;
use super::shift::make;
use crate::jpeg::brush::Brush;
use crate::jpeg::entropy::{BitReader, Block, BlockCoder, BlockStore, Permutation, StoredBlock};
use crate::jpeg::frame::swapped;
use crate::overlay::Overlay;

/// What the blocks of all components are made with.
pub(super) struct Tools<'a> {
    pub(super) is_sideways: bool,
    pub(super) permutation: Permutation,
    pub(super) overlay: &'a Overlay,
    pub(super) store: BlockStore,
    /// Whether a coefficient is too large to be encoded.
    pub(super) is_too_large: bool,
}

/// The encoded blocks of one component.
pub(super) struct Plane {
    /// Of stored columns, and of stored rows.
    axes: (Axis, Axis),
    made: Made,
    /// If a block of the result is made of several: the rows of blocks that were read last, behind
    /// the one before them.
    read: Vec<Vec<Block>>,
    /// The block that is being made.
    block: Block,
}

/// The blocks of the result.
struct Made {
    brush: Brush,
    /// Which rows of blocks there are, and how many blocks they have.
    rows: Range<u32>,
    across: u32,
    stored: Vec<StoredBlock>,
}

impl Plane {
    pub(super) fn new(axes: (Axis, Axis), brush: Brush) -> Self {
        Self {
            axes,
            made: Made {
                brush,
                rows: 0..0,
                across: 0,
                stored: Vec::new(),
            },
            read: Vec::new(),
            block: Block::ZERO,
        }
    }

    /// Begins another region of the picture.
    pub(super) fn begin(&mut self, component: usize, rows: &Range<u32>, layout: &Layout) {
        let made = &mut self.made;
        (made.rows, made.across) = layout.blocks(component, rows);
        made.stored.clear();
        let blocks = made.rows.len() * made.across as usize;
        made.stored.resize(blocks, StoredBlock::default());
    }

    /// Has these blocks of the result drawn upon.
    pub(super) fn mark(&mut self, columns: &Range<u32>, rows: Range<u32>) {
        for at in rows.flat_map(|row| columns.clone().map(move |column| (column, row))) {
            if let Some(stored) = self.made.stored_mut(at) {
                *stored = StoredBlock::MARKED;
            }
        }
    }

    /// A block of the result.
    #[inline]
    pub(super) fn stored(&self, at: (u32, u32)) -> Option<StoredBlock> {
        self.made.stored.get(self.made.index(at)?).copied()
    }

    /// Whether each block of the result is one of those stored.
    #[inline]
    fn is_exact(&self) -> bool {
        self.axes.0.is_exact() && self.axes.1.is_exact()
    }

    /// Makes room for so many rows of so many stored blocks.
    pub(super) fn begin_rows(&mut self, rows: u32, columns: u32) {
        if !self.is_exact() {
            self.read.resize_with(rows as usize + 1, Vec::new);
            for row in &mut self.read {
                row.resize(columns as usize, Block::ZERO);
            }
        }
    }

    /// Reads a stored block. `room` is its column and row among those that there is room for.
    #[inline]
    pub(super) fn read(
        &mut self,
        (column, row): (u32, u32),
        room: (u32, u32),
        (coder, prediction, from): (&BlockCoder, &mut i32, &mut BitReader<'_>),
        tools: &mut Tools<'_>,
    ) -> Option<()> {
        if !self.is_exact() {
            let read = self.read.get_mut(room.1 as usize + 1)?;
            let block = read.get_mut(room.0 as usize)?;
            return coder.read(&tools.permutation, block, prediction, from);
        }
        coder.read(&tools.permutation, &mut self.block, prediction, from)?;
        for row in self.axes.1.made_at(row) {
            for column in self.axes.0.made_at(column) {
                self.made.put((column, row), &self.block, coder, tools)?;
            }
        }
        Some(())
    }

    /// Makes the blocks that are made of these, which were read, and of the row before them.
    pub(super) fn end_rows(
        &mut self,
        columns: &Range<u32>,
        rows: &Range<u32>,
        coder: &BlockCoder,
        tools: &mut Tools<'_>,
    ) -> Option<()> {
        if self.is_exact() {
            return Some(());
        }
        for (row, down) in (1..).zip(rows.clone()) {
            for (column, across) in (0..).zip(columns.clone()) {
                for to_row in self.axes.1.made_at(down) {
                    for to_column in self.axes.0.made_at(across) {
                        let to = (to_column, to_row);
                        if self.made.has(to, tools) {
                            self.make((column, row), (across, down), tools)?;
                            self.made.put(to, &self.block, coder, tools)?;
                        }
                    }
                }
            }
        }
        self.read.swap(0, rows.len());
        Some(())
    }

    /// Makes the block that the one in this column and row of those read is a part of.
    fn make(
        &mut self,
        (column, row): (usize, usize),
        (across, down): (u32, u32),
        tools: &Tools<'_>,
    ) -> Option<()> {
        let taps = (self.axes.0.taps(across), self.axes.1.taps(down));
        let taps = swapped(tools.is_sideways, taps);
        make(&mut self.block, taps, &self.made.brush, |before| {
            let (left, up) = swapped(tools.is_sideways, before);
            let row = self.read.get(row.checked_sub(up.into())?)?;
            row.get(column.checked_sub(left.into())?)
        })
    }
}

impl Made {
    #[inline]
    fn index(&self, (column, row): (u32, u32)) -> Option<usize> {
        let row = row.checked_sub(self.rows.start)?;
        Some(row as usize * self.across as usize + column as usize)
    }

    #[inline]
    fn stored_mut(&mut self, at: (u32, u32)) -> Option<&mut StoredBlock> {
        let index = self.index(at)?;
        self.stored.get_mut(index)
    }

    /// Whether a block of the result, its column and row as they are stored, is one of these.
    #[inline]
    fn has(&self, at: (u32, u32), tools: &Tools<'_>) -> bool {
        self.rows.contains(&swapped(tools.is_sideways, at).1)
    }

    /// Draws on a block, and encodes it.
    #[inline]
    fn put(
        &mut self,
        at: (u32, u32),
        block: &Block,
        coder: &BlockCoder,
        tools: &mut Tools<'_>,
    ) -> Option<()> {
        if !self.has(at, tools) {
            return Some(());
        }
        let at = swapped(tools.is_sideways, at);
        let is_marked = self.stored_mut(at)?.is_marked();
        let found = if is_marked && self.brush.touches(at.0, at.1, tools.overlay) {
            let drawn = drawn(block, at, &self.brush, tools.overlay)?;
            coder.store(&drawn, &mut tools.store)
        } else {
            coder.store(block, &mut tools.store)
        };
        match found {
            Some(found) => *self.stored_mut(at)? = found,
            None => tools.is_too_large = true,
        }
        Some(())
    }
}

#[cold]
fn drawn(
    block: &Block,
    (column, row): (u32, u32),
    brush: &Brush,
    overlay: &Overlay,
) -> Option<Block> {
    let mut coefficients = block.coefficients();
    brush.draw(&mut coefficients, column, row, overlay);
    Block::of(&coefficients)
}
