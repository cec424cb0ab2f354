//! The sample as it was deployed, with a real photo.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use manifests::Config;
use oss::{ObjectKey, PutOptions};
use testbed::Progress;

use crate::cloud::deployed;
use crate::eventually;
use crate::needs::Need;
use crate::sandbox::unique;
use crate::world::World;

const PHOTO: &[u8] = include_bytes!("../../../../assets/astronaut.jpg");

/// The face service may have to be started from nothing, its image pulled included.
const TIMEOUT: Duration = Duration::from_mins(5);

/// A result larger than this is none.
const RESULT_LIMIT_BYTES: u64 = 16 << 20;

pub(crate) async fn a_photo_comes_back_through_the_broker(world: &World) -> Result<()> {
    world
        .needs(&[
            Need::Definition,
            Need::Controller,
            Need::Emulator,
            Need::Eventing,
            Need::Sample,
        ])
        .await?;
    let config = deployed()?;
    let cloud = world.cloud().await?;
    let bucket = cloud.provision(&config).await?;
    sample_is_ready(world, &config).await?;

    let name = format!("{}.jpg", unique("photo"));
    let photo: ObjectKey = format!("albums/{name}").parse()?;
    let result: ObjectKey = format!("{}/albums/rec-{name}", config.oss_target_path).parse()?;
    let content_type = Some("image/jpeg".to_owned());
    bucket
        .put(
            &photo,
            Bytes::from_static(PHOTO),
            &PutOptions {
                content_type,
                ..PutOptions::default()
            },
        )
        .await?;
    let annotated = eventually(
        &format!("the result `{result}` appears"),
        TIMEOUT,
        || async {
            match bucket.get(&result).await {
                Ok(object) => Ok(Progress::Done(
                    object.read_to_end(RESULT_LIMIT_BYTES).await?,
                )),
                Err(error) if error.is_no_such_key() => {
                    Ok(Progress::Pending("it is not there".to_owned()))
                }
                Err(error) => Err(error.into()),
            }
        },
    )
    .await?;
    ensure!(
        annotated.starts_with(&[0xff, 0xd8]),
        "the result is no JPEG"
    );
    ensure!(annotated != PHOTO, "the result is the photo itself");
    Ok(())
}

/// The rule or the subscription must be there before the upload: nobody keeps earlier events.
async fn sample_is_ready(world: &World, config: &Config) -> Result<()> {
    let sources: kube::Api<source_api::MnsOssSource> =
        kube::Api::namespaced(world.client.clone(), &config.sample_namespace);
    eventually("the sample's source becomes ready", TIMEOUT, || async {
        let all = sources.list(&kube::api::ListParams::default()).await?.items;
        let source = all
            .iter()
            .find(|source| source.spec.topic == config.mns_topic);
        let source = source
            .context("needs the sample: run `cargo xtask deploy --config e2e/deploy.toml`")?;
        let conditions = source.status.iter().flat_map(|status| &status.conditions);
        let mut ready = conditions.filter(|condition| condition.type_ == source_api::READY);
        Ok(match ready.next() {
            Some(condition) if condition.status == source_api::ConditionStatus::True => {
                Progress::Done(())
            }
            other => Progress::Pending(format!("{other:?}")),
        })
    })
    .await
}
