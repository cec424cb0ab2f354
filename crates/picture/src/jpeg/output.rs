//! The segments around the picture data of a result.

use std::rc::Rc;

use super::entropy::{BlockCoder, Class, HuffmanTable, Scan};
use super::frame::Process;
use super::kept::write_metadata;
use super::segments::{HUFFMAN, RESTART_INTERVAL, START_OF_IMAGE, START_OF_SCAN, write};
use super::structure::Structure;
use super::table::{Table, is_wide, write_table};
use crate::orientation::Pose;

/// The end of the header of a scan that holds everything of its components.
const ALL_FREQUENCIES: [u8; 3] = [0, 63, 0];

/// Writes the segments before the Huffman tables of the first scan, of a result that lies like this.
pub(crate) fn head(structure: &Structure<'_>, process: Process, pose: Pose, file: &mut Vec<u8>) {
    file.extend([0xff, START_OF_IMAGE]);
    write_metadata(&structure.metadata, pose, file);
    let mut tables: Vec<Table> = Vec::new();
    let mut frame = frame(structure);
    for component in &structure.components {
        let known = tables.iter().position(|table| *table == component.table);
        let number = known.unwrap_or_else(|| {
            tables.push(component.table);
            tables.len() - 1
        });
        frame.extend([component.id, component.horizontal << 4 | component.vertical]);
        frame.extend(u8::try_from(number));
    }
    for (number, table) in (0..).zip(&tables) {
        write_table(number, table, file);
    }
    let is_wide = tables.iter().any(is_wide);
    let marker = match process {
        Process::Baseline if !is_wide => 0xc0,
        Process::Progressive => 0xc2,
        _ => 0xc1,
    };
    write(marker, &frame, file);
}

/// The frame header without its components.
fn frame(structure: &Structure<'_>) -> Vec<u8> {
    let [h1, h0] = structure.height.to_be_bytes();
    let [w1, w0] = structure.width.to_be_bytes();
    let mut frame = vec![8, h1, h0, w1, w0];
    frame.extend(u8::try_from(structure.components.len()));
    frame
}

/// Writes the segments before the data of each scan, for a result that has the scans of its source.
#[derive(Debug, Default)]
pub(crate) struct ScanHeads {
    /// The tables that were written last, by class and number.
    tables: [[Option<Rc<HuffmanTable>>; 4]; 2],
    restart_interval: u32,
}

impl ScanHeads {
    /// For a scan of a sequential file.
    pub(crate) fn write_sequential(
        &mut self,
        scan: &Scan,
        structure: &Structure<'_>,
        file: &mut Vec<u8>,
    ) {
        let mut tables = vec![];
        let mut header = vec![];
        header.extend(u8::try_from(scan.components.len()));
        for component in &scan.components {
            header.extend([
                structure.components[component.index].id,
                component.selectors,
            ]);
            let coder = &component.coder;
            tables.push((Class::Dc, component.selectors >> 4, &coder.dc));
            tables.push((Class::Ac, component.selectors & 15, &coder.ac));
        }
        header.extend(ALL_FREQUENCIES);
        self.write(&tables, scan.mcus.restart_interval, &header, file);
    }

    /// For a scan with this header, which uses these tables, each with its class and its number.
    pub(crate) fn write(
        &mut self,
        tables: &[(Class, u8, &Rc<HuffmanTable>)],
        restart_interval: u32,
        header: &[u8],
        file: &mut Vec<u8>,
    ) {
        let mut new = vec![];
        for &(class, number, table) in tables {
            let class = class.number();
            let known = &mut self.tables[usize::from(class)][usize::from(number & 3)];
            let is_known = known.as_ref().is_some_and(|known| Rc::ptr_eq(known, table));
            if !is_known {
                *known = Some(table.clone());
                new.push(class << 4 | number);
                table.write_spec(&mut new);
            }
        }
        if !new.is_empty() {
            write(HUFFMAN, &new, file);
        }
        if restart_interval != self.restart_interval {
            self.restart_interval = restart_interval;
            let interval = u16::try_from(restart_interval).unwrap_or(0); // It was read as one.
            write(RESTART_INTERVAL, &interval.to_be_bytes(), file);
        }
        write(START_OF_SCAN, header, file);
    }
}

/// The Huffman tables of a result that has one scan of all components.
#[derive(Debug)]
pub(crate) struct OneScan<'c> {
    /// By component.
    coders: &'c [BlockCoder],
    /// For each, the first component with the same tables.
    numbers: Vec<u8>,
}

impl<'c> OneScan<'c> {
    pub(crate) fn of(coders: &'c [BlockCoder]) -> Self {
        let first_alike = |own: &BlockCoder| coders.iter().position(|one| one.encodes_like(own));
        let number = |own| u8::try_from(first_alike(own).unwrap_or(0)).unwrap_or(0);
        Self {
            coders,
            numbers: coders.iter().map(number).collect(),
        }
    }

    /// Baseline has two tables of each class.
    pub(crate) fn process(&self) -> Process {
        if self.numbers.iter().all(|&number| number < 2) {
            Process::Baseline
        } else {
            Process::Extended
        }
    }

    pub(crate) fn write_head(&self, structure: &Structure<'_>, file: &mut Vec<u8>) {
        let mut tables = vec![];
        let mut header = vec![];
        header.extend(u8::try_from(self.coders.len()));
        let numbered = (0..).zip(&self.numbers).zip(self.coders);
        for (((index, &number), coder), component) in numbered.zip(&structure.components) {
            if number == index {
                coder.write_tables(number, &mut tables);
            }
            header.extend([component.id, number << 4 | number]);
        }
        header.extend(ALL_FREQUENCIES);
        write(HUFFMAN, &tables, file);
        write(START_OF_SCAN, &header, file);
    }
}
