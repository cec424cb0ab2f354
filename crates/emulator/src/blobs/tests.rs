use futures_util::TryStreamExt as _;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

async fn write(blobs: &Blobs, chunks: &[&[u8]]) -> StoredBlob {
    let mut writer = blobs.writer().await.unwrap();
    for chunk in chunks {
        writer.write(Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    writer.finish().await.unwrap()
}

async fn read(blobs: &Blobs, parts: &[Blob], range: std::ops::Range<u64>) -> Vec<u8> {
    let chunks: Vec<Bytes> = blobs.read(parts, range).try_collect().await.unwrap();
    chunks.concat()
}

fn both() -> (TempDir, [Blobs; 2]) {
    let directory = TempDir::new().unwrap();
    let in_files = Blobs::in_directory(directory.path()).unwrap();
    (directory, [Blobs::in_memory(), in_files])
}

fn files(directory: &TempDir) -> usize {
    std::fs::read_dir(directory.path().join(DIRECTORY))
        .unwrap()
        .count()
}

#[tokio::test]
async fn checksums_are_those_of_the_bytes() {
    let (_directory, places) = both();
    for blobs in places {
        let written = write(&blobs, &[b"1234", b"", b"56789"]).await;
        assert_eq!(written.blob.length(), 9);
        assert_eq!(written.crc64, 11_051_210_869_376_104_954);
        let md5 = u128::from_be_bytes(written.md5);
        assert_eq!(format!("{md5:x}"), "25f9e794323b453885f5181f1b624d0b");
    }
}

#[tokio::test]
async fn a_discarded_blob_goes_when_its_last_reader_is_done() {
    let (directory, [_, blobs]) = both();
    let blob = write(&blobs, &[b"photo"]).await.blob;
    let reading = blobs.read(std::slice::from_ref(&blob), 0..5);
    blobs.discard([blob]);
    assert_eq!(files(&directory), 1);
    let chunks: Vec<Bytes> = reading.try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"photo");
    blobs.discard([]);
    assert_eq!(files(&directory), 0);
}

#[tokio::test]
async fn a_duplicate_outlives_its_original() {
    let (_directory, places) = both();
    for blobs in places {
        let original = write(&blobs, &[b"photo"]).await.blob;
        let copy = blobs.duplicate(&original).unwrap();
        blobs.discard([original]);
        assert_eq!(read(&blobs, &[copy], 0..5).await, b"photo");
    }
}

#[tokio::test]
async fn an_abandoned_writer_leaves_nothing() {
    let (directory, [_, blobs]) = both();
    let mut writer = blobs.writer().await.unwrap();
    writer.write(Bytes::from_static(b"half")).await.unwrap();
    drop(writer);
    assert_eq!(files(&directory), 0);
}

#[tokio::test]
async fn sweeping_keeps_what_is_owned() {
    let (directory, [_, blobs]) = both();
    let owned = write(&blobs, &[b"owned"]).await.blob;
    write(&blobs, &[b"orphan"]).await;
    std::fs::write(directory.path().join(DIRECTORY).join("stranger"), "").unwrap();
    blobs.sweep(&HashSet::from([owned.id()]));
    assert_eq!(files(&directory), 1);
    assert_eq!(read(&blobs, &[owned], 0..5).await, b"owned");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_range_reads_as_that_slice_of_the_whole(
        parts in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..4), 0..4),
        ends in (0_usize..100, 0_usize..100),
    ) {
        let whole = parts.concat().concat();
        let end = ends.1.min(whole.len());
        let start = ends.0.min(end);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (_directory, places) = both();
        for blobs in places {
            let got = runtime.block_on(async {
                let mut written = Vec::new();
                for chunks in &parts {
                    let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
                    written.push(write(&blobs, &chunks).await.blob);
                }
                read(&blobs, &written, start as u64..end as u64).await
            });
            prop_assert_eq!(got, &whole[start..end]);
        }
    }
}
